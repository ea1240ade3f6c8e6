// The panels of a product of int8 tiles (see tile_panel.h): int8 or int4 weights, and vectors that are
// quantised to int8, a scale for each.  Sums are exact integers up to 130,000 inputs.  For x86-64 only.
//
// int4 weights become int8 codes with one scale for each stored row, 1/15 of the row's largest one: exact in
// groups that have the largest scale, in others to half a step of 1/120 of what the row can hold.
//
// Weights that are stored as [inputs, outputs] have a scale for each input.  The vectors are multiplied by it
// before they are quantised, as in RowSum.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/kernels/matrix.h"
#include "model/kernels/parallel.h"
#include "model/kernels/products/tile_panel.h"

namespace plelab::tiles {

template <ElementType kType>
class Int8Tiles {
 public:
  static constexpr int64_t kDepth = kRowBytes;

  Int8Tiles(const MatrixView& w, bool transposed, const ConstRows& x)
      : w_(w),
        x_(x),
        inputs_(transposed ? w.rows : w.cols),
        transposed_(transposed),
        group_bits_(std::countr_zero(static_cast<uint64_t>(w.group))),
        row_scales_(static_cast<size_t>(w.rows)),
        quantisers_(static_cast<size_t>(x.count)) {
    ParallelRows(w.rows, kLineBytes, [&](int64_t row) { row_scales_[row] = ScaleOfRow(row); });
    ParallelRows(x.count, inputs_ * 4, [&](int64_t t) {
      const float largest = LargestOf(t);
      quantisers_[t] = {largest > 0 ? 127.0f / largest : 0, largest / 127.0f};
    });
  }

  PLELAB_TILE_TARGET __m512i StepOf(int64_t vector, int64_t step) const {
    return Codes(vector, step * kDepth);
  }

  void PackWeights(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    transposed_ ? PackColumns(first, step, steps, to) : PackRows(first, step, steps, to);
  }

  template <int kSum, int kLeft, int kRight>
  static void AddProduct() {
    AddInt8Product<kSum, kLeft, kRight>();
  }

  PLELAB_TILE_TARGET __m512 OutputScales(int64_t first, __mmask16 wanted) const {
    return transposed_ ? _mm512_set1_ps(1) : _mm512_maskz_loadu_ps(wanted, row_scales_.data() + first);
  }
  PLELAB_TILE_TARGET __m512 Values(__m512i sums, __m512 output_scales, int64_t vector) const {
    return _mm512_mul_ps(_mm512_cvtepi32_ps(sums),
                         _mm512_mul_ps(output_scales, _mm512_set1_ps(quantisers_[vector].scale)));
  }

 private:
  struct Quantiser {
    float by, scale;  // code = round(value · by), value ≈ code · scale
  };
  static constexpr float kStepsOfLargest = 15;  // int8 codes for a step of int4 codes of the largest scale

  PLELAB_TILE_TARGET float ScaleOfRow(int64_t row) const {
    if constexpr (kType == ElementType::kInt8) {
      return *static_cast<const float*>(RowScales(w_, row));
    } else {
      const auto* scales = static_cast<const uint16_t*>(RowScales(w_, row));
      __m512 largest = _mm512_setzero_ps();
      for (int64_t g = 0, groups = w_.cols >> group_bits_; g < groups; g += 16) {
        const auto wanted = static_cast<__mmask16>(Below(groups - g));
        const __m512 some = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(wanted, scales + g));
        largest = _mm512_max_ps(largest, _mm512_abs_ps(some));
      }
      return _mm512_reduce_max_ps(largest) / kStepsOfLargest;
    }
  }

  // 16 inputs of a vector as they are quantised; those beyond the end are zero.
  PLELAB_TILE_TARGET __m512 Inputs(int64_t vector, int64_t i) const {
    const auto wanted = static_cast<__mmask16>(Below(inputs_ - i));
    const __m512 values = _mm512_maskz_loadu_ps(wanted, x_.data + vector * x_.stride + i);
    if (!transposed_) return values;
    return _mm512_mul_ps(values, _mm512_maskz_loadu_ps(wanted, row_scales_.data() + i));
  }

  // The largest magnitude, or NaN when an input is infinite or not a number.
  PLELAB_TILE_TARGET float LargestOf(int64_t vector) const {
    constexpr int kNotFinite = 0x99;  // the classes quiet NaN, +∞, −∞, signalling NaN
    __m512 largest = _mm512_setzero_ps();
    __mmask16 not_finite = 0;
    for (int64_t i = 0; i < inputs_; i += 16) {
      const __m512 values = Inputs(vector, i);
      largest = _mm512_max_ps(largest, _mm512_abs_ps(values));
      not_finite = static_cast<__mmask16>(not_finite | _mm512_fpclass_ps_mask(values, kNotFinite));
    }
    return not_finite != 0 ? NAN : _mm512_reduce_max_ps(largest);
  }

  // The codes of 64 inputs from i on.
  PLELAB_TILE_TARGET __m512i Codes(int64_t vector, int64_t i) const {
    const __m512 by = _mm512_set1_ps(quantisers_[vector].by);
    const auto codes = [&](int64_t from) PLELAB_TILE_TARGET {
      return _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(Inputs(vector, from), by)));
    };
    __m512i all = _mm512_castsi128_si512(codes(i));
    all = _mm512_inserti32x4(all, codes(i + 16), 1);
    all = _mm512_inserti32x4(all, codes(i + 32), 2);
    return _mm512_inserti32x4(all, codes(i + 48), 3);
  }

  // 32 codes of a stored row from `column` on; those beyond its end, and all of a row beyond the last, are
  // zero.
  PLELAB_TILE_TARGET __m256i CodesOf(int64_t row, int64_t column) const {
    if (row >= w_.rows || column >= w_.cols) return _mm256_setzero_si256();
    const auto* from = static_cast<const std::byte*>(RowData(w_, row)) + ElementBytes(kType, column);
    if constexpr (kType == ElementType::kInt8) {
      return _mm256_maskz_loadu_epi8(static_cast<__mmask32>(Below(w_.cols - column)), from);
    } else {
      const float scale = _cvtsh_ss(static_cast<const uint16_t*>(RowScales(w_, row))[column >> group_bits_]);
      return FromNibbles(from, row_scales_[row] > 0 ? scale / row_scales_[row] : 0);
    }
  }

  // The int8 codes of 32 nibbles, looked up in a table of all 16.  step: int8 codes for a step of int4 codes.
  PLELAB_TILE_TARGET static __m256i FromNibbles(const std::byte* from, float step) {
    const __m512 values = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
    const __m128i table =
        _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(values, _mm512_set1_ps(step))));
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m256i both = _mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table),
                               _mm256_and_si256(both, _mm256_set1_epi8(15)));
  }

  // Of w [outputs, inputs].
  PLELAB_TILE_TARGET void PackRows(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    for (int64_t row = 0; row < kPanel; ++row) {
      for (int64_t s = 0; s < steps; ++s) {
        const int64_t i = (step + s) * kDepth;
        auto* halves = reinterpret_cast<__m256i*>(RowOf(to + s * kStepBytes, row));
        _mm256_store_si256(halves, CodesOf(first + row, i));
        _mm256_store_si256(halves + 1, CodesOf(first + row, i + kDepth / 2));
      }
    }
  }

  // Of w [inputs, outputs]: row k of a tile has inputs 4 k … 4 k + 3 of 16 outputs.
  PLELAB_TILE_TARGET void PackColumns(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    for (int64_t s = 0; s < steps; ++s, to += kStepBytes) {
      for (int64_t k = 0; k < kRows; ++k) {
        const int64_t i = (step + s) * kDepth + 4 * k;
        for (int64_t row = i; row < i + 4; ++row) PrefetchRow(w_, row, first + kPanel, kPanel);
        const __m256i r0 = CodesOf(i, first), r1 = CodesOf(i + 1, first), r2 = CodesOf(i + 2, first),
                      r3 = CodesOf(i + 3, first);
        const __m256i low01 = _mm256_unpacklo_epi8(r0, r1), high01 = _mm256_unpackhi_epi8(r0, r1),
                      low23 = _mm256_unpacklo_epi8(r2, r3), high23 = _mm256_unpackhi_epi8(r2, r3);
        // Each has four outputs of the first tile and then four of the last one.
        const __m256i a = _mm256_unpacklo_epi16(low01, low23), b = _mm256_unpackhi_epi16(low01, low23),
                      c = _mm256_unpacklo_epi16(high01, high23), d = _mm256_unpackhi_epi16(high01, high23);
        StoreHalves<0x20>(a, b, c, d, RowOf(to, k));
        StoreHalves<0x31>(a, b, c, d, RowOf(to, k + kRows));
      }
    }
  }
  template <int kHalf>
  PLELAB_TILE_TARGET static void StoreHalves(__m256i a, __m256i b, __m256i c, __m256i d, std::byte* to) {
    auto* halves = reinterpret_cast<__m256i*>(to);
    _mm256_store_si256(halves, _mm256_permute2x128_si256(a, b, kHalf));
    _mm256_store_si256(halves + 1, _mm256_permute2x128_si256(c, d, kHalf));
  }

  MatrixView w_;
  ConstRows x_;
  int64_t inputs_;
  bool transposed_;
  int group_bits_;                     // of int4: a group is 2^group_bits_ values
  std::vector<float> row_scales_;      // of each stored row
  std::vector<Quantiser> quantisers_;  // of each vector
};

}  // namespace plelab::tiles
