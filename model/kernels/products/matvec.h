// Matrix × vector at memory bandwidth: each weight is read once for up to kMaxVectors vectors.
//
// Vectors and outputs are float32.  Float weights accumulate in float32.  Quantised weights take the vectors
// quantised to int8, each with one scale (its largest magnitude is ±127): int8 sums are exact integers, int4
// sums are exact within a 32-bit lane of a step and accumulate in float32.  A vector with a value that is
// infinite or not a number gives NaN.
//
// Each output is summed by one thread, always in the same order, so the result depends only on the widest
// SIMD set of the CPU: not on the number of threads, nor on how many vectors go together, nor on which other
// rows are computed.
#pragma once

#include <cstdint>
#include <span>

#include "model/kernels/matrix.h"

namespace plelab {

// Vector v of the block starts at data + v · stride.
struct ConstVectors {
  const float* data = nullptr;
  int64_t count = 0;   // 1 … kMaxVectors
  int64_t stride = 0;  // in floats
};
struct Vectors {
  float* data = nullptr;
  int64_t stride = 0;
};

struct MatVecJob {
  MatrixView w;  // [outputs, inputs]
  Vectors y;     // y[v][o] = Σ_i w[o][i] · x[v][i]
};

// Computes all products of the same vectors in one parallel loop (q, k and v; gate and up).  Every job's
// matrix has w.cols inputs.
void MatVec(std::span<const MatVecJob> jobs, const ConstVectors& x);
inline void MatVec(const MatrixView& w, const ConstVectors& x, const Vectors& y) {
  const MatVecJob job{w, y};
  MatVec({&job, 1}, x);
}
// Computes y[v][o] only for the rows o listed in `rows`; other elements of y are unchanged.
void MatVecRows(const MatrixView& w, std::span<const int32_t> rows, const ConstVectors& x, const Vectors& y);

}  // namespace plelab
