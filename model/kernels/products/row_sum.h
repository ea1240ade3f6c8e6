// Transposed matrix × sparse vector: a weighted sum of the rows of a matrix, which reads only the rows that
// contribute.
//
// Used for down_proj stored transposed (its rows are FFN units, of which sparse layers activate about 5 %)
// and for attention's weighted sum of values.  Each output is summed by one thread over the rows in the order
// given.  A row of weight zero adds exactly nothing, so leaving it out of `rows` gives the same bits (for
// finite matrices).
#pragma once

#include <cstdint>
#include <span>

#include "model/kernels/matrix.h"
#include "model/kernels/products/matvec.h"

namespace plelab {

// y[v][c] = Σ_i a[v][i] · w[i][c] over all rows i, for every column c of w.
void RowSum(const MatrixView& w, const ConstVectors& a, const Vectors& y);
// The same, over the rows i listed in `rows` only, which may be empty.
void RowSum(const MatrixView& w, std::span<const int32_t> rows, const ConstVectors& a, const Vectors& y);

// The first RowSum in the calling thread alone, and added to y.
void AddRowSumSerial(const MatrixView& w, const ConstVectors& a, const Vectors& y);

}  // namespace plelab
