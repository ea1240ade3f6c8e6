// Dot products of rows of int8 or int4 weights with vectors quantised to int8.  Compiled once per instruction
// set, between the includer's HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
//
// Sums of int8 are exact integers, so they are the same on every CPU.  Sums of int4 are exact within the
// values that share a 32-bit lane of a step; these are added as float32.
#if defined(PLELAB_DOT_QUANTISED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_DOT_QUANTISED_INL_H_
#undef PLELAB_DOT_QUANTISED_INL_H_
#else
#define PLELAB_DOT_QUANTISED_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/kernels/matrix.h"
#include "model/kernels/products/load_nibbles-inl.h"
#include "model/kernels/products/packed_vectors.h"
#if HWY_TARGET == HWY_SCALAR
#include "model/kernels/products/dot_quantised_scalar.h"
#else
#include "model/kernels/products/quad_dot-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR

template <size_t kOutputs, size_t kInputs>
using Sums = VI32[kOutputs][kInputs];

template <class By>  // UnsignedDot or SignedDot
struct Int8Dot {
  template <size_t kOutputs, size_t kInputs>
  static HWY_INLINE void Add(const uint8_t* const* from, size_t j, const PackedVector* x, size_t at,
                             Sums<kOutputs, kInputs>& sum) {
    const DU8 d;
    for (size_t o = 0; o < kOutputs; ++o) {
      const VU8 w = hn::Xor(hn::LoadU(d, from[o] + j), hn::Set(d, By::kAdded));  // code + 128, or code
      for (size_t v = 0; v < kInputs; ++v) sum[o][v] = By::Add(sum[o][v], w, hn::Load(d, x[v].codes + at));
    }
  }

  template <size_t kOutputs, size_t kInputs>
  static HWY_INLINE void Tile(const MatrixView& w, const int64_t (&row)[kOutputs],
                              const PackedVectors& packed, int64_t first, float (&out)[kOutputs][kInputs]) {
    const DI32 d32;
    const auto size = static_cast<size_t>(w.cols);
    PackedVector x[kInputs];
    for (size_t v = 0; v < kInputs; ++v) {
      x[v] = VectorOf(packed, w.type, w.cols, first + static_cast<int64_t>(v));
    }
    const uint8_t* from[kOutputs];
    for (size_t o = 0; o < kOutputs; ++o) from[o] = static_cast<const uint8_t*>(RowData(w, row[o]));
    Sums<kOutputs, kInputs> sum;
    for (auto& of_output : sum) {
      for (VI32& s : of_output) s = hn::Zero(d32);
    }
    size_t j = 0;
    for (; j + kBytes <= size; j += kBytes) Add<kOutputs, kInputs>(from, j, x, j, sum);
    if (j < size) {
      HWY_ALIGN uint8_t rest[kOutputs][kBytes] = {};
      const uint8_t* padded[kOutputs];
      for (size_t o = 0; o < kOutputs; ++o) {
        std::memcpy(rest[o], from[o] + j, size - j);
        padded[o] = rest[o];
      }
      Add<kOutputs, kInputs>(padded, 0, x, j, sum);
    }
    for (size_t o = 0; o < kOutputs; ++o) {
      const float scale = static_cast<const float*>(w.scales)[row[o]];
      for (size_t v = 0; v < kInputs; ++v) {
        const int32_t excess = By::kAdded == 0 ? 0 : x[v].head->excess;
        const int32_t total = hn::GetLane(hn::SumOfLanes(d32, sum[o][v])) - excess;
        out[o][v] = static_cast<float>(total) * (scale * x[v].head->scale);
      }
    }
  }
};

// The scales of the kBytes / 16 blocks of nibbles from block `at` of a row on, each in the lanes of its
// block.
HWY_INLINE VF NibbleScales(const uint16_t* scales, size_t at, size_t blocks_per_scale) {
  constexpr size_t kBlocks = kBytes / 16;
  const DF df;
  if (blocks_per_scale >= kBlocks) return hn::Set(df, WidenHalf(scales[at / blocks_per_scale]));
#if HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_AVX3
  const __m128i halves = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(scales + at));
  const __m512 four = _mm512_castps128_ps512(_mm_cvtph_ps(halves));
  return VF{_mm512_permutexvar_ps(_mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0), four)};
#elif HWY_TARGET == HWY_AVX2
  const __m256 two = _mm256_castps128_ps256(_mm_cvtph_ps(_mm_loadu_si32(scales + at)));
  return VF{_mm256_permutevar8x32_ps(two, _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1))};
#else
  HWY_ALIGN float lanes[kLanes];
  for (size_t l = 0; l < kLanes; ++l) lanes[l] = WidenHalf(scales[at + l / 4]);
  return hn::Load(df, lanes);
#endif
}

#if HWY_TARGET == HWY_AVX2
// The scales of the blocks of kScaledSteps steps, widened at once.
constexpr size_t kScaledSteps = 4;
static_assert(kScaledSteps * kBytes / 16 == 8, "eight scales are widened at once");
struct BlockScales {
  __m256 scales;
  HWY_INLINE void Widen(const uint16_t* from) {
    scales = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  HWY_INLINE VF OfStep(size_t step) const {
    const int k = static_cast<int>(2 * step);
    return VF{_mm256_permutevar8x32_ps(scales, _mm256_setr_epi32(k, k, k, k, k + 1, k + 1, k + 1, k + 1))};
  }
};
#endif

template <class By>
struct Int4Dot {
  // One step: kBytes of nibbles, from which 2 · kBytes values come.  nibbles(o) is where those of output o
  // lie, scale(o) their scales.
  template <size_t kOutputs, size_t kInputs, class Nibbles, class Scale>
  static HWY_INLINE void Add(const Nibbles& nibbles, const Scale& scale, const PackedVector* x, size_t at,
                             VF (&sum)[kOutputs][kInputs]) {
    const DU8 d;
    const DI32 d32;
    const DF df;
    const VU8 lower = hn::Set(d, 0x0F);
    // Codes of a block of 128 values: 64 for lower nibbles, 64 for upper ones, 16 int32.
    const size_t codes = at / 64 * 192 + at % 64;
    for (size_t o = 0; o < kOutputs; ++o) {
      const VU8 two = hn::LoadU(d, nibbles(o));
      const VF by = scale(o);
      const VU8 low = hn::And(two, lower);
      const VU8 high = hn::And(
          hn::BitCast(d, hn::ShiftRight<4>(hn::BitCast(hn::Repartition<uint16_t, DU8>(), two))), lower);
      for (size_t v = 0; v < kInputs; ++v) {
        const uint8_t* c = x[v].codes + codes;
        const VI32 exact = By::AddNibbles(hn::BitCast(d32, hn::Load(d, c + 128)), low, hn::Load(d, c), high,
                                          hn::Load(d, c + 64));
        sum[o][v] = hn::MulAdd(hn::ConvertTo(df, exact), by, sum[o][v]);
      }
    }
  }

  template <size_t kOutputs, size_t kInputs>
  static HWY_INLINE void Tile(const MatrixView& w, const int64_t (&row)[kOutputs],
                              const PackedVectors& packed, int64_t first, float (&out)[kOutputs][kInputs]) {
    const DF df;
    const size_t size = static_cast<size_t>(w.cols) / 2,
                 per_scale = static_cast<size_t>(w.group / kNibbleBlock);
    PackedVector x[kInputs];
    for (size_t v = 0; v < kInputs; ++v) {
      x[v] = VectorOf(packed, w.type, w.cols, first + static_cast<int64_t>(v));
    }
    const uint8_t* from[kOutputs];
    const uint16_t* scales[kOutputs];
    VF sum[kOutputs][kInputs];
    for (size_t o = 0; o < kOutputs; ++o) {
      from[o] = static_cast<const uint8_t*>(RowData(w, row[o]));
      scales[o] = static_cast<const uint16_t*>(RowScales(w, row[o]));
      for (VF& s : sum[o]) s = hn::Zero(df);
    }
    size_t j = 0;
#if HWY_TARGET == HWY_AVX2
    while (per_scale == 1 && j + kScaledSteps * kBytes <= size) {
      BlockScales widened[kOutputs];
      for (size_t o = 0; o < kOutputs; ++o) widened[o].Widen(scales[o] + j / 16);
#pragma GCC unroll 4
      for (size_t step = 0; step < kScaledSteps; ++step, j += kBytes) {
        Add<kOutputs, kInputs>([&](size_t o) { return from[o] + j; },
                               [&](size_t o) { return widened[o].OfStep(step); }, x, j, sum);
      }
    }
#endif
    for (; j + kBytes <= size; j += kBytes) {
      Add<kOutputs, kInputs>([&](size_t o) { return from[o] + j; },
                             [&](size_t o) { return NibbleScales(scales[o], j / 16, per_scale); }, x, j, sum);
    }
    if (j < size) {
      HWY_ALIGN uint8_t rest[kOutputs][kBytes] = {};
      HWY_ALIGN float lanes[kOutputs][kLanes] = {};
      for (size_t o = 0; o < kOutputs; ++o) {
        std::memcpy(rest[o], from[o] + j, size - j);
        for (size_t block = 0; block < (size - j) / 16; ++block) {
          const float s = WidenHalf(scales[o][(j / 16 + block) / per_scale]);
          for (size_t l = 0; l < 4; ++l) lanes[o][4 * block + l] = s;
        }
      }
      Add<kOutputs, kInputs>([&](size_t o) { return rest[o]; },
                             [&](size_t o) { return hn::Load(df, lanes[o]); }, x, j, sum);
    }
    for (size_t o = 0; o < kOutputs; ++o) {
      for (size_t v = 0; v < kInputs; ++v) {
        out[o][v] = hn::GetLane(hn::SumOfLanes(df, sum[o][v])) * x[v].head->scale;
      }
    }
  }
};

#endif

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
