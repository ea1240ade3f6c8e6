// The only product with a linear weight: every layer of the model calls it.
#pragma once

#include <torch/types.h>

#include <span>

#include "model/catalog/text_weights.h"
#include "model/kernels/products/matvec.h"

namespace plelab {

// x [..., in] → x · Wᵀ [..., out] in x's dtype, on x's device, accumulated in float32.  Gradient flows to x
// and w.values when either requires it.  Throws RunError when x's last size is not w.in.  Computed by
//   - ATen, when a gradient is wanted or the device is not the CPU;
//   - our own kernels, which run at memory bandwidth (model/kernels/), for up to kMaxVectors rows;
//   - for bfloat16 weights and more rows, ATen if the CPU multiplies bfloat16, else blocks of weights widened
//     to float32;
//   - for quantised weights and more rows, blocks of weights widened to x's dtype.
// Quantised weights multiply up to kMaxVectors rows as integers: x is quantised to int8, a scale per row.
torch::Tensor MatMul(const torch::Tensor& x, const LinearWeight& w);

// x [..., in] float32 → x · Wᵀ [..., out] float32 by tiles, where they multiply faster than ATen; what
// is rounded to what: TileProduct.  Only where TilesServe.
torch::Tensor TileMatMul(const torch::Tensor& x, const LinearWeight& w);
// True for more than kMaxVectors rows without a gradient on a CPU that multiplies tiles of w.
bool TilesServe(const torch::Tensor& x, const LinearWeight& w);

// Our own kernels alone: y[v][o] = Σ_i W[o][i] · x[v][i], float32 in and out, x.count ≤ kMaxVectors.
void MatMulInto(const LinearWeight& w, const ConstVectors& x, const Vectors& y);
// Multiplies several weights by the same vectors (q, k and v; gate and up), those that are row-major in one
// parallel loop.
struct MatMulJob {
  const LinearWeight* w;
  Vectors y;
};
void MatMulInto(std::span<const MatMulJob> jobs, const ConstVectors& x);
// Rows `ids` (any shape, int64) of a row-major weight on the CPU: [..., in] float32.
torch::Tensor GatherRows(const LinearWeight& w, const torch::Tensor& ids);

// True when this CPU has instructions that multiply bfloat16 (AVX512-BF16, AMX, Arm BF16) and ATen's product
// uses them.
bool CpuMultipliesBFloat16();

}  // namespace plelab
