// Products of quantised weights with many vectors on CPUs without tiles.  Sums of two 16-bit products take
// one instruction on every x86-64 CPU, which multiplies twice as much as one of float32; those of an int4
// weight's nibbles, as bytes, multiply twice as much again.
#pragma once

#include <cstdint>

#include "model/kernels/matrix.h"
#include "model/kernels/tiles/tile_product.h"

namespace plelab {

// Sizes that packing and multiplying share.  A panel has so many outputs; it is packed in steps of so many
// inputs, and multiplied in blocks of so many: at most 16 KiB of a panel, which stay in the L1 cache while
// they meet all vectors.
inline constexpr int64_t kPairOutputs = 16, kPairStep = 8, kPairBlock = 512;

// size / by, rounded up.
constexpr int64_t CeilOf(int64_t size, int64_t by) { return (size + by - 1) / by; }

// True when the kernels were compiled for an instruction set of this CPU that has vectors.
bool CpuMultipliesPairs();

// True when it multiplies int4 weights whose rows are outputs as they are stored.
bool CpuMultipliesNibbles();

// As TileProduct of int8 or int4 weights, but int4 weights are rounded less: not at all where
// CpuMultipliesNibbles and their rows are outputs, otherwise a group's scale by at most 1/8190 of the largest
// one of its stored row.  A scale that is not finite spoils the outputs of its own row only.  Throws RunError
// unless CpuMultipliesPairs().
void PairProduct(const MatrixView& w, bool transposed, const ConstRows& x, float* y, int64_t y_stride);

}  // namespace plelab
