// The panels of a product of bfloat16 tiles (see tile_panel.h).  For x86-64 only.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "model/kernels/matrix.h"
#include "model/kernels/tiles/tile_operands.h"
#include "model/kernels/tiles/tile_panel.h"
#include "model/kernels/tiles/tile_product.h"

namespace plelab::tiles {

class BFloat16Tiles {
 public:
  static constexpr int64_t kDepth = kRowBytes / 2;
  static constexpr Operands kWeightsLeft = Operands::kBFloat16, kWeightsRight = Operands::kBFloat16;

  BFloat16Tiles(const MatrixView& w, bool transposed, const ConstRows& x)
      : w_(w), x_(x), inputs_(transposed ? w.rows : w.cols), transposed_(transposed) {
    for (int64_t i = 0; i < kDepth; ++i) {
      pairs_[0][i] = static_cast<uint16_t>(i / 2 + i % 2 * kDepth);
      pairs_[1][i] = static_cast<uint16_t>(pairs_[0][i] + kRows);
    }
  }

  void PrepareVector(int64_t) {}
  void PrepareOutputs(int64_t) {}

  PLELAB_TILE_TARGET __m512i StepOf(int64_t vector, int64_t step) const {
    return Narrowed(x_.data + vector * x_.stride + step * kDepth, inputs_ - step * kDepth);
  }

  void PackWeights(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    transposed_ ? PackColumns(first, step, steps, to) : PackRows(first, step, steps, to);
  }

  PLELAB_TILE_TARGET __m512 OutputScales(int64_t, __mmask16) const { return _mm512_setzero_ps(); }
  PLELAB_TILE_TARGET __m512 Values(__m512i sums, __m512, int64_t) const { return _mm512_castsi512_ps(sums); }

 private:
  // 32 floats as bfloat16; those beyond `count` are zero.
  PLELAB_TILE_TARGET static __m512i Narrowed(const float* from, int64_t count) {
    const uint64_t wanted = Below(count);
    const __m512 low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(wanted), from),
                 high = _mm512_maskz_loadu_ps(static_cast<__mmask16>(wanted >> 16), from + 16);
    return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
  }

  // 32 values of a stored row from `column` on; those beyond its end, and all of a row beyond the last, are
  // zero.
  PLELAB_TILE_TARGET __m512i Block(int64_t row, int64_t column) const {
    if (row >= w_.rows) return _mm512_setzero_si512();
    const auto* from = static_cast<const uint16_t*>(RowData(w_, row)) + column;
    return _mm512_maskz_loadu_epi16(static_cast<__mmask32>(Below(w_.cols - column)), from);
  }

  // Of w [outputs, inputs].
  PLELAB_TILE_TARGET void PackRows(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    for (int64_t row = 0; row < kPanel; ++row) {
      for (int64_t s = 0; s < steps; ++s) {
        PrefetchRow(w_, first + row + kRowsAhead, (step + s) * kDepth, kDepth);
        _mm512_store_si512(RowOf(to + s * kStepBytes, row), Block(first + row, (step + s) * kDepth));
      }
    }
  }

  // Of w [inputs, outputs]: row k of a tile has inputs 2 k and 2 k + 1 of 16 outputs.
  PLELAB_TILE_TARGET void PackColumns(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    const __m512i first_half = _mm512_loadu_si512(pairs_[0].data()),
                  last_half = _mm512_loadu_si512(pairs_[1].data());
    for (int64_t s = 0; s < steps; ++s, to += kStepBytes) {
      for (int64_t k = 0; k < kRows; ++k) {
        const int64_t i = (step + s) * kDepth + 2 * k;
        PrefetchRow(w_, i, first + kDepth, kDepth);
        PrefetchRow(w_, i + 1, first + kDepth, kDepth);
        const __m512i even = Block(i, first), odd = Block(i + 1, first);
        _mm512_store_si512(RowOf(to, k), _mm512_permutex2var_epi16(even, first_half, odd));
        _mm512_store_si512(RowOf(to, k + kRows), _mm512_permutex2var_epi16(even, last_half, odd));
      }
    }
  }

  MatrixView w_;
  ConstRows x_;
  int64_t inputs_;
  bool transposed_;
  // Picks pairs of two rows' values: of the first and of the last 16 outputs.
  std::array<std::array<uint16_t, kDepth>, 2> pairs_;
};

}  // namespace plelab::tiles
