// Transposed matrix × sparse vector: a weighted sum of the rows of a matrix, reading only rows that count.
//
// Used for down_proj stored transposed (rows = FFN units, of which the sparse layers activate about 5 %) and
// for attention's weighted sum of values.  An output is summed by one thread over the rows in the order
// given.  A row whose weight is zero adds exactly nothing, so leaving it out of `rows` gives the same bits
// (for finite matrices).
#pragma once

#include <cstdint>
#include <span>

#include "model/kernels/matrix.h"
#include "model/kernels/matvec.h"

namespace plelab {

// y[v][c] = Σ_i a[v][i] · w[i][c], every row i and column c of w.
void RowSum(const MatrixView& w, const ConstVectors& a, const Vectors& y);
// The same over i in `rows` only; `rows` may be empty.
void RowSum(const MatrixView& w, std::span<const int32_t> rows, const ConstVectors& a, const Vectors& y);

// The first in the calling thread alone, added to y.
void AddRowSumSerial(const MatrixView& w, const ConstVectors& a, const Vectors& y);

}  // namespace plelab
