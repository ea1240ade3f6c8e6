// Rows of a weight as float32 or bfloat16: for embeddings, for products with many vectors that are computed
// in floats, and for keys and values that are kept in int8.
#pragma once

#include <cstdint>

#include "model/kernels/matrix.h"

namespace plelab {

// Writes columns [0, m.cols) of rows [first, first + count) to `to`, whose rows are m.cols elements of
// `type`: kFloat32, or kBFloat16, which rounds to nearest even.  In the calling thread.
void WidenRows(const MatrixView& m, int64_t first, int64_t count, ElementType type, void* to);

}  // namespace plelab
