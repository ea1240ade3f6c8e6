// Products with many vectors on CPUs with matrix tiles (Intel AMX), where ATen's product packs the weights
// anew in each call: at 128 vectors that takes longer than to multiply.
#pragma once

#include <cstdint>

#include "model/kernels/matrix.h"

namespace plelab {

// True when the CPU has tiles of bfloat16 and of int8 and the kernel lets this process use them, which is
// asked for once.
bool CpuHasTiles();

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
//   step of 1/120 of what that row can hold (int4 itself rounds to half a step of 1/8).
// Float32 weights: throws RunError.  In all threads of the pool; the result does not depend on their number.
// Needs CpuHasTiles().
void TileProduct(const MatrixView& w, bool transposed, const ConstRows& x, float* y, int64_t y_stride);

}  // namespace plelab
