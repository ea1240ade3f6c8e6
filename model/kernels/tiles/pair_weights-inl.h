// Quantised weights as 16-bit numbers, and panels of them for a product with many vectors.  Compiled once per
// instruction set, between the includer's HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling
// guard.
//
// A panel has kPairOutputs outputs.  For each pair of inputs it holds the two weights of each output side by
// side.
#if defined(PLELAB_PAIR_WEIGHTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_PAIR_WEIGHTS_INL_H_
#undef PLELAB_PAIR_WEIGHTS_INL_H_
#else
#define PLELAB_PAIR_WEIGHTS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "model/kernels/matrix.h"
#include "model/kernels/products/load_nibbles-inl.h"
#include "model/kernels/tiles/pair_product.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

using D16 = hn::CappedTag<int16_t, 16>;
using DPair = hn::Repartition<int32_t, D16>;  // one pair of 16-bit numbers in each lane
using V16 = hn::Vec<D16>;
using VPair = hn::Vec<DPair>;
constexpr int64_t kPairLanes = static_cast<int64_t>(hn::MaxLanes(DPair()));
constexpr int64_t kPairVectors = kPairOutputs / kPairLanes;  // vectors of one pair of inputs

// int8 codes as they are.  Their products with codes of vectors sum up to exact integers.
struct Int8Pairs {
  static constexpr bool kExact = true;
  const MatrixView& w;

  float RowScale(int64_t row) const { return *static_cast<const float*>(RowScales(w, row)); }

  // `count` values of a row from `first` on.
  void Unpack(int64_t row, float, int64_t first, int64_t count, int16_t* HWY_RESTRICT to) const {
    const auto* from = static_cast<const int8_t*>(RowData(w, row)) + first;
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
  }
};

// int4 codes times their scale, in units of 1/4095 of the row's largest scale: at most 32,760.  A unit is
// rounded, which adds 1/8190 of the largest scale at most.
struct Int4Pairs {
  static constexpr bool kExact = false;  // only the sums of one block fit 32 bits
  static constexpr float kUnits = 4095;
  static_assert(kPairBlock * 32760 * 127 < int64_t{1} << 31);
  static constexpr int64_t kHalf = kNibbleBlock / 2;
  const MatrixView& w;

  // NaN if one of the row's scales is.
  float RowScale(int64_t row) const {
    const auto* scales = static_cast<const uint16_t*>(RowScales(w, row));
    float largest = 0, poison = 0;
    for (int64_t g = 0; g < (w.cols + w.group - 1) / w.group; ++g) {
      const float scale = WidenHalf(scales[g]);
      largest = std::max(largest, std::abs(scale));
      poison += scale - scale;
    }
    return (largest + poison) / kUnits;
  }

  // first and count: multiples of half a block of nibbles.
  void Unpack(int64_t row, float row_scale, int64_t first, int64_t count, int16_t* HWY_RESTRICT to) const {
    const auto* bytes = static_cast<const uint8_t*>(RowData(w, row));
    const auto* scales = static_cast<const uint16_t*>(RowScales(w, row));
    const float by = row_scale > 0 ? 1 / row_scale : 0;
    const int group_bits = std::countr_zero(static_cast<uint64_t>(w.group));
    for (int64_t i = first; i < first + count; i += kHalf, to += kHalf) {
      HalfBlock(bytes + i / kNibbleBlock * kHalf, i % kNibbleBlock != 0,
                Units(WidenHalf(scales[i >> group_bits]), by), to);
    }
  }

 private:
  static HWY_INLINE int16_t Units(float scale, float by) {
    const hn::CappedTag<float, 4> d;
    return static_cast<int16_t>(hn::GetLane(hn::NearestInt(hn::Mul(hn::Set(d, scale), hn::Set(d, by)))));
  }
  // The lower or the upper nibbles of 16 bytes.
  static HWY_INLINE void HalfBlock(const uint8_t* from, bool upper, int16_t unit, int16_t* to) {
    const D16 d16;
    const hn::Rebind<uint8_t, D16> d8;
    const V16 units = hn::Set(d16, unit), zero_point = hn::Set(d16, 8), mask = hn::Set(d16, 15);
    for (size_t k = 0; k < static_cast<size_t>(kHalf); k += hn::MaxLanes(d16)) {
      const V16 two = hn::PromoteTo(d16, hn::LoadU(d8, from + k));
      const V16 code = upper ? hn::ShiftRight<4>(two) : hn::And(two, mask);
      hn::StoreU(hn::Mul(hn::Sub(code, zero_point), units), d16, to + k);
    }
  }
};

// Eight values of a row, and of the fourth row after it where a vector holds as many.
HWY_INLINE V16 EightOf(const int16_t* row, [[maybe_unused]] int64_t stride) {
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
  const hn::Half<D16> half;
  return hn::Combine(D16(), hn::LoadU(half, row + 4 * stride), hn::LoadU(half, row));
#else
  return hn::LoadU(D16(), row);
#endif
}

// Row k of r has four values of 32 bits of a row, and of the fourth row after it where a vector holds as
// many. Stores value k of all rows side by side, by store(k, vector).
template <class F>
HWY_INLINE void StoreTransposed(const VPair (&r)[4], F store) {
  const DPair d32;
  const hn::Repartition<int64_t, D16> d64;
  const auto a = hn::BitCast(d64, hn::InterleaveLower(d32, r[0], r[1])),
             b = hn::BitCast(d64, hn::InterleaveLower(d32, r[2], r[3])),
             c = hn::BitCast(d64, hn::InterleaveUpper(d32, r[0], r[1])),
             d = hn::BitCast(d64, hn::InterleaveUpper(d32, r[2], r[3]));
  store(0, hn::InterleaveLower(d64, a, b));
  store(1, hn::InterleaveUpper(d64, a, b));
  store(2, hn::InterleaveLower(d64, c, d));
  store(3, hn::InterleaveUpper(d64, c, d));
}

// Writes four pairs of kPairLanes rows (`stride` apart) to every kPairOutputs-th place.
HWY_INLINE void StorePairs(const int16_t* rows, int64_t stride, int16_t* to) {
  VPair r[4];
  for (int64_t k = 0; k < 4; ++k) r[k] = hn::BitCast(DPair(), EightOf(rows + k * stride, stride));
  StoreTransposed(r, [&](int64_t k, auto pairs) HWY_ATTR {
    hn::Store(hn::BitCast(D16(), pairs), D16(), to + 2 * kPairOutputs * k);
  });
}

// Of w [outputs, inputs]: `inputs` inputs from `input` on, padded with zeros to whole steps, of the outputs
// from `first` on.  What is beyond the last output has no use.
template <class Weights>
void PackPairRows(const Weights& weights, const float* row_scales, int64_t first, int64_t input,
                  int64_t inputs, int16_t* to) {
  constexpr int64_t kStride =
      kPairBlock + 32;  // not a power of two, so that rows meet in no set of the cache
  HWY_ALIGN int16_t rows[kPairOutputs * kStride];
  for (int64_t r = 0; r < kPairOutputs; ++r) {
    const int64_t row = std::min(first + r, weights.w.rows - 1);
    weights.Unpack(row, row_scales[row], input, inputs, rows + r * kStride);
    std::fill_n(rows + r * kStride + inputs, kPairStep, int16_t{0});
  }
  for (int64_t i = 0; i < inputs; i += kPairStep, to += kPairStep * kPairOutputs) {
    for (int64_t v = 0; v < kPairVectors; ++v) {
      StorePairs(rows + v * kPairLanes * kStride + i, kStride, to + 2 * v * kPairLanes);
    }
  }
}

// a[0], b[0], a[1], b[1], … of kPairOutputs values each.
HWY_INLINE void StoreInterleaved(const int16_t* a, const int16_t* b, int16_t* to) {
  const D16 d16;
  for (int64_t o = 0; o < kPairOutputs; o += 2 * kPairLanes, to += 4 * kPairLanes) {
    const V16 first = hn::Load(d16, a + o), second = hn::Load(d16, b + o);
    const V16 lower = hn::InterleaveLower(d16, first, second),
              upper = hn::InterleaveUpper(d16, first, second);
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
    // They interleave within halves of 128 bits.
    hn::Store(hn::ConcatLowerLower(d16, upper, lower), d16, to);
    hn::Store(hn::ConcatUpperUpper(d16, upper, lower), d16, to + 2 * kPairLanes);
#else
    hn::Store(lower, d16, to);
    hn::Store(upper, d16, to + 2 * kPairLanes);
#endif
  }
}

// The same of w [inputs, outputs].
template <class Weights>
void PackPairColumns(const Weights& weights, const float* row_scales, int64_t first, int64_t input,
                     int64_t inputs, int16_t* to) {
  const int64_t count = std::min(kPairOutputs, weights.w.cols - first);
  HWY_ALIGN int16_t pair[2][kPairOutputs] = {};
  for (int64_t i = input; i < input + inputs; i += 2, to += 2 * kPairOutputs) {
    for (int64_t k = 0; k < 2; ++k) {
      const int64_t row =
          std::min(i + k, weights.w.rows - 1);  // beyond the last one codes of vectors are zero
      weights.Unpack(row, row_scales[row], first, count, pair[k]);
    }
    StoreInterleaved(pair[0], pair[1], to);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
