// The panels of a product of int8 tiles (see tile_panel.h): int8 weights and vectors that are quantised to
// int8, a scale for each.  Sums are exact integers up to 130,000 inputs.  For x86-64 only.
//
// Weights that are stored as [inputs, outputs] have a scale for each input.  The vectors are multiplied by it
// before they are quantised, as in RowSum.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/kernels/matrix.h"
#include "model/kernels/parallel.h"
#include "model/kernels/products/tile_panel.h"

namespace plelab::tiles {

class Int8Tiles {
 public:
  static constexpr int64_t kDepth = kRowBytes;

  Int8Tiles(const MatrixView& w, bool transposed, const ConstRows& x)
      : w_(w),
        x_(x),
        inputs_(transposed ? w.rows : w.cols),
        transposed_(transposed),
        quantisers_(static_cast<size_t>(x.count)) {
    if (transposed) {
      for (int64_t i = 0; i < inputs_; ++i) input_scales_.push_back(StoredScale(i));
    }
    ParallelRows(x.count, inputs_ * 4, [&](int64_t t) {
      const float largest = LargestOf(t);
      quantisers_[t] = {largest > 0 ? 127.0f / largest : 0, largest / 127.0f};
    });
  }

  PLELAB_TILE_TARGET void PackVectors(int64_t first, int64_t step, std::byte* to) const {
    for (int64_t half = 0; half < kPanel; half += kRows, to += kTileBytes) {
      __m512i rows[kRows];
      for (int64_t t = 0; t < kRows; ++t) {
        const int64_t vector = first + half + t;
        rows[t] = vector < x_.count ? Codes(vector, step * kDepth) : _mm512_setzero_si512();
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
    AddInt8Product<kSum, kLeft, kRight>();
  }

  PLELAB_TILE_TARGET __m512 OutputScales(int64_t first, __mmask16 wanted) const {
    if (transposed_) return _mm512_set1_ps(1);
    const auto lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const auto at = _mm512_mullo_epi32(lane, _mm512_set1_epi32(static_cast<int>(w_.scale_stride)));
    return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), wanted, at, RowScales(w_, first), 4);
  }
  PLELAB_TILE_TARGET __m512 Values(__m512i sums, __m512 output_scales, int64_t vector) const {
    return _mm512_mul_ps(_mm512_cvtepi32_ps(sums),
                         _mm512_mul_ps(output_scales, _mm512_set1_ps(quantisers_[vector].scale)));
  }

 private:
  struct Quantiser {
    float by, scale;  // code = round(value · by), value ≈ code · scale
  };
  float StoredScale(int64_t row) const { return *static_cast<const float*>(RowScales(w_, row)); }

  // 16 inputs of a vector as they are quantised; those beyond the end are zero.
  PLELAB_TILE_TARGET __m512 Inputs(int64_t vector, int64_t i) const {
    const auto wanted = static_cast<__mmask16>(Below(inputs_ - i));
    const __m512 values = _mm512_maskz_loadu_ps(wanted, x_.data + vector * x_.stride + i);
    if (!transposed_) return values;
    return _mm512_mul_ps(values, _mm512_maskz_loadu_ps(wanted, input_scales_.data() + i));
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

  // Of w [outputs, inputs].
  PLELAB_TILE_TARGET void PackRows(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    for (int64_t row = 0; row < kPanel; ++row) {
      const bool is_there = first + row < w_.rows;
      const auto* from = static_cast<const std::byte*>(RowData(w_, first + row));
      for (int64_t s = 0; s < steps; ++s) {
        const int64_t i = (step + s) * kDepth;
        const __mmask64 wanted = is_there ? Below(w_.cols - i) : 0;
        _mm512_store_si512(RowOf(to + s * kStepBytes, row), _mm512_maskz_loadu_epi8(wanted, from + i));
      }
    }
  }

  // Of w [inputs, outputs]: row k of a tile has inputs 4 k … 4 k + 3 of 16 outputs.
  PLELAB_TILE_TARGET void PackColumns(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    for (int64_t s = 0; s < steps; ++s, to += kStepBytes) {
      for (int64_t k = 0; k < kRows; ++k) {
        const int64_t i = (step + s) * kDepth + 4 * k;
        const __m256i r0 = OutputsOf(i, first), r1 = OutputsOf(i + 1, first), r2 = OutputsOf(i + 2, first),
                      r3 = OutputsOf(i + 3, first);
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
  // 32 outputs of one stored row; what there is not is zero.
  PLELAB_TILE_TARGET __m256i OutputsOf(int64_t row, int64_t first) const {
    if (row >= w_.rows) return _mm256_setzero_si256();
    PrefetchRow(w_, row, first + kPanel, kPanel);
    return _mm256_maskz_loadu_epi8(static_cast<__mmask32>(Below(w_.cols - first)),
                                   static_cast<const std::byte*>(RowData(w_, row)) + first);
  }

  MatrixView w_;
  ConstRows x_;
  int64_t inputs_;
  bool transposed_;
  std::vector<float> input_scales_;
  std::vector<Quantiser> quantisers_;  // of each vector
};

}  // namespace plelab::tiles
