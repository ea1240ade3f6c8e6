// int8 weights as bytes of panels (see tile_panel.h): each code plus 128.  For x86-64 only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/matrix.h"
#include "model/kernels/tiles/tile_panel.h"

namespace plelab::tiles {

class Int8Weights {
 public:
  explicit Int8Weights(const MatrixView& w) : w_(w) {}

  // The scale of a row's codes.
  float PrepareRow(int64_t row) const { return *static_cast<const float*>(RowScales(w_, row)); }

  // Of w [outputs, inputs]: `steps` steps of rows [first, first + 32).
  PLELAB_TILE_TARGET void PackRows(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    for (int64_t row = 0; row < kPanel; ++row) {
      for (int64_t s = 0; s < steps; ++s) {
        PrefetchRow(w_, first + row + kRowsAhead, (step + s) * kRowBytes, kRowBytes);
        const __m512i codes = RowCodes(first + row, (step + s) * kRowBytes);
        _mm512_store_si512(RowOf(to + s * kStepBytes, row), Unsigned(codes));
      }
    }
  }

  // Of w [inputs, outputs]: row k of a tile has inputs 4 k … 4 k + 3 of 16 outputs.
  PLELAB_TILE_TARGET void PackColumns(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    for (int64_t s = 0; s < steps; ++s, to += kStepBytes) {
      for (int64_t k = 0; k < kRows; ++k) {
        const int64_t input = (step + s) * kRowBytes + 4 * k;
        for (int64_t row = input; row < input + 4; ++row) PrefetchRow(w_, row, first + kPanel, kPanel);
        _mm512_store_si512(RowOf(to, k), Unsigned(Interleaved(FourRows(input, first))));
        _mm512_store_si512(RowOf(to, k + kRows), Unsigned(Interleaved(FourRows(input, first + kRows))));
      }
    }
  }

 private:
  PLELAB_TILE_TARGET static __m512i Unsigned(__m512i codes) {
    return _mm512_xor_si512(codes, _mm512_set1_epi8(-128));
  }

  const std::byte* At(int64_t row, int64_t column) const {
    return static_cast<const std::byte*>(RowData(w_, row)) + column;
  }

  // 64 codes of a row; those that there are not are zero.
  PLELAB_TILE_TARGET __m512i RowCodes(int64_t row, int64_t column) const {
    if (row >= w_.rows || column >= w_.cols) return _mm512_setzero_si512();
    return _mm512_maskz_loadu_epi8(Below(w_.cols - column), At(row, column));
  }

  // 16 columns of four rows, row after row; those that there are not are zero.
  PLELAB_TILE_TARGET __m512i FourRows(int64_t row, int64_t column) const {
    const auto codes = [&](int64_t r) PLELAB_TILE_TARGET {
      if (r >= w_.rows || column >= w_.cols) return _mm_setzero_si128();
      return _mm_maskz_loadu_epi8(static_cast<__mmask16>(Below(w_.cols - column)), At(r, column));
    };
    return FourOf(codes(row), codes(row + 1), codes(row + 2), codes(row + 3));
  }

  MatrixView w_;
};

}  // namespace plelab::tiles
