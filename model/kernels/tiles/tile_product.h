// Products with many vectors, of tiles: bytes or bfloat16 multiplied by matrix tiles (Intel AMX) or by the
// dot products of AVX-512 (VNNI with VBMI for bytes, BF16 for bfloat16: AMD has both since Zen 4), or
// quantised weights multiplied as pairs of 16-bit numbers (pair_product.h) by any CPU with vectors.  ATen's
// product packs the weights anew in each call, which takes longer than to multiply 128 vectors, and has none
// of quantised weights.
#pragma once

#include <cstdint>

#include "model/kernels/matrix.h"

namespace plelab {

enum class TileInstructions { kAmx, kAvx512, kPairs };

// True when this CPU can multiply these weights as tiles, and the kernel lets this process use what that
// takes.  Float32 weights: never.  As pairs: quantised weights only.
bool CpuMultipliesTiles(TileInstructions by, ElementType weights);
bool CpuMultipliesTiles(ElementType weights);  // by any of them

// Float32 rows, `stride` floats apart.
struct ConstRows {
  const float* data = nullptr;
  int64_t count = 0;
  int64_t stride = 0;
};

// y[t][o] = Σ_i w[o][i] · x[t][i] for w [outputs, inputs], or with `transposed` for w stored as [inputs,
// outputs].  y's rows are y_stride floats apart.
//   bfloat16 weights: x is rounded to bfloat16; sums are float32.
//   int8 weights: each row of x is quantised to int8 as in MatVec and RowSum; sums are exact integers.  A row
//   with a value that is infinite or not a number gives NaN.
//   int4 weights: the same after they became int8 codes with one scale for each stored row, which adds half a
//   step of 1/120 of what that row can hold (int4 itself rounds to half a step of 1/8).  As pairs they become
//   16-bit numbers, which adds 1/8190 of it at most, or are multiplied as they are stored; sums of up to 512
//   inputs are exact and are added in float32.
// In all threads of the pool; the result does not depend on their number.  By the best instructions that
// there are; throws RunError unless CpuMultipliesTiles(w.type).
void TileProduct(const MatrixView& w, bool transposed, const ConstRows& x, float* y, int64_t y_stride);
void TileProductBy(TileInstructions by, const MatrixView& w, bool transposed, const ConstRows& x, float* y,
                   int64_t y_stride);

}  // namespace plelab
