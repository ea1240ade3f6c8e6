// The panels of a product of bfloat16 tiles (see tile_panel.h).  Weights are bfloat16, or int4, whose values
// are rounded to bfloat16.  For x86-64 only.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "model/kernels/matrix.h"
#include "model/kernels/products/tile_panel.h"

namespace plelab::tiles {

template <ElementType kType>
class BFloat16Tiles {
 public:
  static constexpr int64_t kDepth = kRowBytes / 2;

  BFloat16Tiles(const MatrixView& w, bool transposed, const ConstRows& x)
      : w_(w),
        x_(x),
        inputs_(transposed ? w.rows : w.cols),
        transposed_(transposed),
        group_bits_(std::countr_zero(static_cast<uint64_t>(w.group))) {
    for (int64_t i = 0; i < kDepth; ++i) {
      pairs_[0][i] = static_cast<uint16_t>(i / 2 + i % 2 * kDepth);
      pairs_[1][i] = static_cast<uint16_t>(pairs_[0][i] + kRows);
    }
  }

  PLELAB_TILE_TARGET void PackVectors(int64_t first, int64_t step, std::byte* to) const {
    const int64_t i = step * kDepth;
    for (int64_t half = 0; half < kPanel; half += kRows, to += kTileBytes) {
      __m512i rows[kRows];
      for (int64_t t = 0; t < kRows; ++t) {
        const int64_t vector = first + half + t;
        rows[t] = Narrowed(x_.data + vector * x_.stride + i, vector < x_.count ? inputs_ - i : 0);
      }
      if (!transposed_) Transpose(rows);
      for (int64_t t = 0; t < kRows; ++t) _mm512_store_si512(to + t * kRowBytes, rows[t]);
    }
  }

  void PackWeights(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    transposed_ ? PackColumns(first, step, steps, to) : PackRows(first, step, steps, to);
  }

  template <int kSum, int kLeft, int kRight>
  static void AddProduct() {
    AddBFloat16Product<kSum, kLeft, kRight>();
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

  // Where a stored row goes on from one column, and the scales of that column's group and of those after it.
  struct Place {
    const std::byte* values;
    const uint16_t* scales;
  };
  Place PlaceOf(int64_t row, int64_t column) const {
    return {static_cast<const std::byte*>(RowData(w_, row)) + ElementBytes(kType, column),
            static_cast<const uint16_t*>(RowScales(w_, row))};
  }

  // 32 values of a stored row from `column` on; those beyond its end are zero.
  PLELAB_TILE_TARGET __m512i Block(const Place& row, int64_t column) const {
    if constexpr (kType == ElementType::kBFloat16) {
      return _mm512_maskz_loadu_epi16(static_cast<__mmask32>(Below(w_.cols - column)), row.values);
    } else {
      static_assert(kType == ElementType::kInt4 && kNibbleBlock == kDepth);
      return FromNibbles(row.values, row.scales[column >> group_bits_]);
    }
  }

  // Looks the values up in a table of all 16, which lies there twice: an index has five bits, and the fifth
  // is another value's.
  PLELAB_TILE_TARGET static __m512i FromNibbles(const std::byte* from, uint16_t scale) {
    const __m512 codes = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
    const __m512 scales = _mm512_cvtph_ps(_mm256_set1_epi16(static_cast<int16_t>(scale)));
    const auto table = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_mul_ps(codes, scales)));
    const __m256i bytes = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    return _mm512_permutexvar_epi16(Joined(bytes, _mm256_srli_epi16(bytes, 4)), Joined(table, table));
  }
  PLELAB_TILE_TARGET static __m512i Joined(__m256i low, __m256i high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }

  // Of w [outputs, inputs].
  PLELAB_TILE_TARGET void PackRows(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    for (int64_t row = 0; row < kPanel; ++row) {
      std::byte* out = RowOf(to, row);
      if (first + row >= w_.rows) {
        for (int64_t s = 0; s < steps; ++s) _mm512_store_si512(out + s * kStepBytes, _mm512_setzero_si512());
        continue;
      }
      Place place = PlaceOf(first + row, step * kDepth);
      for (int64_t s = 0; s < steps; ++s, out += kStepBytes, place.values += ElementBytes(kType, kDepth)) {
        _mm512_store_si512(out, Block(place, (step + s) * kDepth));
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
        const __m512i even = BlockOrZero(i, first), odd = BlockOrZero(i + 1, first);
        _mm512_store_si512(RowOf(to, k), _mm512_permutex2var_epi16(even, first_half, odd));
        _mm512_store_si512(RowOf(to, k + kRows), _mm512_permutex2var_epi16(even, last_half, odd));
      }
    }
  }
  PLELAB_TILE_TARGET __m512i BlockOrZero(int64_t row, int64_t column) const {
    if (row >= w_.rows) return _mm512_setzero_si512();
    PrefetchRow(w_, row, column + kDepth, kDepth);
    return Block(PlaceOf(row, column), column);
  }

  MatrixView w_;
  ConstRows x_;
  int64_t inputs_;
  bool transposed_;
  int group_bits_;  // of int4: a group is 2^group_bits_ values
  // Picks pairs of two rows' values: of the first and of the last 16 outputs.
  std::array<std::array<uint16_t, kDepth>, 2> pairs_;
};

}  // namespace plelab::tiles
