// The one product with a linear weight: every layer of the model goes through here.
#pragma once

#include <torch/types.h>

#include <span>

#include "model/catalog/text_weights.h"
#include "model/kernels/matvec.h"

namespace plelab {

// x [..., in] → x · Wᵀ [..., out] in x's dtype, on x's device, accumulated in float32.  Gradient flows to x
// and w.values when either wants one.  Throws RunError when x's last size is not w.in.
//   with gradient, or off the CPU: ATen;
//   up to kMaxVectors rows: our own kernels, which run at memory bandwidth (model/kernels/);
//   bfloat16 weights and more rows: ATen where the CPU multiplies bfloat16, else blocks of weights widened to
//   float32.
torch::Tensor MatMul(const torch::Tensor& x, const LinearWeight& w);

// The own kernels alone: y[v][o] = Σ_i W[o][i] · x[v][i], float32 in and out, x.count ≤ kMaxVectors.
void MatMulInto(const LinearWeight& w, const ConstVectors& x, const Vectors& y);
// Several weights of the same vectors (q, k and v; gate and up), in one parallel loop where they are
// row-major.
struct MatMulJob {
  const LinearWeight* w;
  Vectors y;
};
void MatMulInto(std::span<const MatMulJob> jobs, const ConstVectors& x);
// w.values [out, in] (kRowMajor) or [in, out] (kTransposed) as the kernels see it.
MatrixView ViewOf(const LinearWeight& w);
// A float32 or bfloat16 tensor [..., cols] on the CPU, its leading sizes taken together: contiguous, or a
// matrix whose rows are.  Throws RunError otherwise.
MatrixView ViewOf(const torch::Tensor& matrix);

// True where this CPU has instructions that multiply bfloat16 (AVX512-BF16, AMX, Arm BF16), and ATen's
// product uses them.
bool CpuMultipliesBFloat16();

}  // namespace plelab
