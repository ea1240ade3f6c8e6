// Products of int8 tiles (see tile_panel.h): weights as bytes of Weights, which is Int8Weights or
// Int4Weights, and vectors that are quantised to int8, a scale for each.  For x86-64 only.
//
// The bytes of weights are 128 more than their codes, because the instructions multiply unsigned bytes with
// signed ones: 128 times the sum of a vector's codes is taken away from each of its sums.  What is left is an
// exact integer up to 130,000 inputs.
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
#include "model/kernels/products/kept_scratch.h"
#include "model/kernels/tiles/tile_operands.h"
#include "model/kernels/tiles/tile_panel.h"
#include "model/kernels/tiles/tile_product.h"

namespace plelab::tiles {

template <class Weights>
class Int8Tiles {
 public:
  static constexpr int64_t kDepth = kRowBytes;
  static constexpr Operands kWeightsLeft = Operands::kUnsignedSigned,
                            kWeightsRight = Operands::kSignedUnsigned;

  Int8Tiles(const MatrixView& w, bool transposed, const ConstRows& x)
      : weights_(w),
        x_(x),
        inputs_(transposed ? w.rows : w.cols),
        steps_((inputs_ + kDepth - 1) / kDepth),
        transposed_(transposed),
        row_scales_(static_cast<size_t>(w.rows)),
        quantised_(static_cast<size_t>(x.count)) {
    static thread_local KeptScratch scratch;
    codes_ = scratch.AtLeast(x.count * steps_ * kDepth);
    if (transposed_) ParallelRows(w.rows, kLineBytes, [&](int64_t row) { PrepareRow(row); });
  }

  PLELAB_TILE_TARGET void PrepareVector(int64_t vector) {
    const float largest = LargestOf(vector), by = 127.0f / largest;
    // A vector that is not finite, or too small for a factor, has codes of zero.
    const auto wanted = static_cast<__mmask16>(largest > 0 && std::isfinite(by) ? Below(16) : 0);
    std::byte* to = CodesOf(vector);
    __m512i sum = _mm512_setzero_si512();
    for (int64_t i = 0; i < steps_ * kDepth; i += 16) {
      const __m512i codes =
          _mm512_maskz_cvtps_epi32(wanted, _mm512_mul_ps(Inputs(vector, i), _mm512_set1_ps(by)));
      sum = _mm512_add_epi32(sum, codes);
      _mm_store_si128(reinterpret_cast<__m128i*>(to + i), _mm512_cvtsepi32_epi8(codes));
    }
    quantised_[vector] = {largest / 127.0f, 128 * _mm512_reduce_add_epi32(sum)};
  }

  void PrepareOutputs(int64_t first) {
    if (transposed_) return;
    for (int64_t row = first; row < std::min(first + kPanel, std::ssize(row_scales_)); ++row) PrepareRow(row);
  }

  PLELAB_TILE_TARGET __m512i StepOf(int64_t vector, int64_t step) const {
    return _mm512_load_si512(CodesOf(vector) + step * kDepth);
  }

  void PackWeights(int64_t first, int64_t step, int64_t steps, std::byte* to) const {
    transposed_ ? weights_.PackColumns(first, step, steps, to) : weights_.PackRows(first, step, steps, to);
  }

  PLELAB_TILE_TARGET __m512 OutputScales(int64_t first, __mmask16 wanted) const {
    return transposed_ ? _mm512_set1_ps(1) : _mm512_maskz_loadu_ps(wanted, row_scales_.data() + first);
  }
  PLELAB_TILE_TARGET __m512 Values(__m512i sums, __m512 output_scales, int64_t vector) const {
    const __m512i exact = _mm512_sub_epi32(sums, _mm512_set1_epi32(quantised_[vector].excess));
    return _mm512_mul_ps(_mm512_cvtepi32_ps(exact),
                         _mm512_mul_ps(output_scales, _mm512_set1_ps(quantised_[vector].scale)));
  }

 private:
  struct Quantised {
    float scale;     // value ≈ code · scale; NaN when a value is infinite or not a number
    int32_t excess;  // 128 times the sum of all codes
  };

  void PrepareRow(int64_t row) { row_scales_[row] = weights_.PrepareRow(row); }

  std::byte* CodesOf(int64_t vector) const { return codes_ + vector * steps_ * kDepth; }

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

  Weights weights_;
  const ConstRows x_;
  const int64_t inputs_, steps_;
  const bool transposed_;
  std::vector<float> row_scales_;     // of each stored row
  std::vector<Quantised> quantised_;  // of each vector
  std::byte* codes_ = nullptr;        // of all vectors, padded with zeros to whole steps
};

}  // namespace plelab::tiles
