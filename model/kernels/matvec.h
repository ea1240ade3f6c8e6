// Matrix × vector at memory bandwidth: each weight is read once for up to kMaxVectors vectors.
//
// float32 and bfloat16 weights, float32 vectors, float32 accumulation.  One output is summed by one thread,
// always in the same order: the result does not depend on the number of threads, on how many vectors go
// together, or on which other rows are computed; only on the widest SIMD set of the CPU.
#pragma once

#include <cstdint>
#include <span>

#include "model/kernels/matrix.h"

namespace plelab {

// Vector v of a block is at data + v · stride.
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

// All products of the same vectors in one parallel loop (q, k and v; gate and up).  Every job has w.cols
// inputs.
void MatVec(std::span<const MatVecJob> jobs, const ConstVectors& x);
inline void MatVec(const MatrixView& w, const ConstVectors& x, const Vectors& y) {
  const MatVecJob job{w, y};
  MatVec({&job, 1}, x);
}
// Only the rows listed: y[v][o] for o in `rows`; other elements of y are left alone.
void MatVecRows(const MatrixView& w, std::span<const int32_t> rows, const ConstVectors& x, const Vectors& y);

}  // namespace plelab
