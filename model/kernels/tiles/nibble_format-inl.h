// The format of int4 weights whose rows are outputs.  x86 since AVX2 multiplies their nibbles as they are and
// sums the products of bytes two by two, twice as many in an instruction as products of 16-bit numbers; other
// CPUs multiply pairs.  Compiled once per instruction set, between the includer's
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_NIBBLE_FORMAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_NIBBLE_FORMAT_INL_H_
#undef PLELAB_NIBBLE_FORMAT_INL_H_
#else
#define PLELAB_NIBBLE_FORMAT_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/kernels/matrix.h"
#include "model/kernels/products/load_nibbles-inl.h"
#include "model/kernels/tiles/pair_format-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr bool kHasNibbleFormat = HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2;

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2

// A panel has for each kNibbleBlock of inputs the nibbles of kPairOutputs outputs, four consecutive inputs of
// an output side by side, and then the outputs' scales.  A group of vectors has for each such block their
// codes, four of a vector side by side, and then what each sum begins with.
struct NibbleFormat {
  static constexpr bool kExact = false;  // a block's sum times its scale is float32
  static constexpr int64_t kQuads = kNibbleBlock / 4, kLaneInputs = kNibbleBlock / 2;
  static_assert(kLaneInputs * 8 * 128 < 1 << 15 && 2 * 15 * 128 < 1 << 15);
  static constexpr int64_t kBlockCodes = kNibbleBlock * kPairOutputs;
  static constexpr int64_t kBlockBytes = kBlockCodes + kPairOutputs * 4;
  static constexpr int64_t kPanelBytes = kPairBlock / kNibbleBlock * kBlockBytes;
  static constexpr int64_t kVectorBlockBytes = (kQuads + 1) * kGroupVectors * 4;
  const MatrixView& w;

  static constexpr int64_t GroupBytes(int64_t inputs) { return inputs / kNibbleBlock * kVectorBlockBytes; }

  // Scales are those of groups.
  static float RowScale(int64_t) { return 1; }

  // A sum is of code · x for codes of 0 … 15 where the weight is code − 8, and begins with −8 · x therefore:
  // each of its two 16-bit lanes with that of the kLaneInputs inputs that it will add.  Each product puts
  // (code − 8) · x in the place of −8 · x, so that no sum ever leaves 16 bits, and neither do two products.
  static void PackCodes(const uint8_t* codes, int64_t inputs, int64_t v, std::byte* group) {
    auto* to = reinterpret_cast<uint8_t*>(group) + 4 * v;
    for (int64_t i = 0; i < inputs; i += kNibbleBlock, codes += kNibbleBlock) {
      int16_t begin[2] = {0, 0};
      for (int64_t q = 0; q < kQuads; ++q, to += 4 * kGroupVectors) {
        std::memcpy(to, codes + 4 * q, 4);
        for (int64_t k = 0; k < 4; ++k) begin[k / 2] -= 8 * static_cast<int8_t>(codes[4 * q + k]);
      }
      std::memcpy(to, begin, 4);
      to += 4 * kGroupVectors;
    }
  }

  void PackPanel(bool, const float*, int64_t output, int64_t input, int64_t inputs, std::byte* panel) const {
    for (int64_t i = input; i < input + inputs; i += kNibbleBlock, panel += kBlockBytes) {
      auto* codes = reinterpret_cast<uint8_t*>(panel);
      for (int64_t first = 0; first < kPairOutputs; first += kPairLanes) {
        PackBlock(output + first, i, codes + 4 * first);
      }
      PackScales(output, i, reinterpret_cast<float*>(codes + kBlockCodes));
    }
  }

  static HWY_NOINLINE void Add(const std::byte* panel, const std::byte* group, int64_t inputs, bool begins,
                               float* HWY_RESTRICT sums) {
    const auto* HWY_RESTRICT w = reinterpret_cast<const uint8_t*>(panel);
    const auto* HWY_RESTRICT x = reinterpret_cast<const uint8_t*>(group);
    for (int64_t i = 0; i < inputs; i += kNibbleBlock, w += kBlockBytes, x += kVectorBlockBytes) {
      AddBlock(w, x, begins && i == 0, sums);
    }
  }

 private:
  using DByte = hn::Repartition<uint8_t, DPair>;
  using DFloat = hn::RebindToFloat<DPair>;

  const uint8_t* Nibbles(int64_t output, int64_t input) const {
    return static_cast<const uint8_t*>(RowData(w, std::min(output, w.rows - 1))) + input / 2;
  }

  // One block of kPairLanes outputs.  Its 16 bytes of an output are four times four inputs in the lower
  // nibbles, and as many in the upper ones.
  void PackBlock(int64_t output, int64_t input, uint8_t* to) const {
    const hn::CappedTag<uint8_t, 16> half;
    const DByte d8;
    VPair r[4];
    for (int64_t k = 0; k < 4; ++k) {
      r[k] = hn::BitCast(DPair(), hn::Combine(d8, hn::LoadU(half, Nibbles(output + 4 + k, input)),
                                              hn::LoadU(half, Nibbles(output + k, input))));
    }
    StoreTransposed(r, [&](int64_t k, auto two) HWY_ATTR { StoreNibbles(two, to + 4 * kPairOutputs * k); });
  }

  template <class V>
  static HWY_INLINE void StoreNibbles(V two, uint8_t* to) {
    const DByte d8;
    const hn::Repartition<uint16_t, DByte> d16;
    const auto mask = hn::Set(d8, 15);
    hn::Store(hn::And(hn::BitCast(d8, two), mask), d8, to);
    const auto upper = hn::BitCast(d8, hn::ShiftRight<4>(hn::BitCast(d16, two)));
    hn::Store(hn::And(upper, mask), d8, to + kBlockCodes / 2);
  }

  void PackScales(int64_t output, int64_t input, float* to) const {
    const int group_bits = std::countr_zero(static_cast<uint64_t>(w.group));
    for (int64_t o = 0; o < kPairOutputs; ++o) {
      const int64_t row = std::min(output + o, w.rows - 1);
      to[o] = WidenHalf(static_cast<const uint16_t*>(RowScales(w, row))[input >> group_bits]);
    }
  }

  static HWY_INLINE __m256i AllLanes(const uint8_t* from) {
    int32_t four;
    std::memcpy(&four, from, sizeof(four));
    return _mm256_set1_epi32(four);
  }

  // In this order: a compiler that may choose it keeps all the products of a block, for which there are not
  // registers enough.
  static HWY_INLINE void AddTo(__m256i& sum, __m256i products) {
    asm("vpaddw %1, %0, %0" : "+x"(sum) : "x"(products));
  }

  static HWY_INLINE void AddBlock(const uint8_t* HWY_RESTRICT w, const uint8_t* HWY_RESTRICT x, bool begins,
                                  float* HWY_RESTRICT sums) {
    const DFloat df;
    __m256i sum[kGroupVectors][kPairVectors];
    for (int64_t v = 0; v < kGroupVectors; ++v) {
      for (int64_t o = 0; o < kPairVectors; ++o) {
        sum[v][o] = AllLanes(x + 4 * (kQuads * kGroupVectors + v));
      }
    }
#pragma GCC unroll 8
    for (int64_t q = 0; q < kQuads; ++q, x += 4 * kGroupVectors) {
      __m256i of_inputs[kPairVectors];
      for (int64_t o = 0; o < kPairVectors; ++o) {
        of_inputs[o] = hn::Load(DByte(), w + 4 * (q * kPairOutputs + o * kPairLanes)).raw;
      }
      for (int64_t v = 0; v < kGroupVectors; ++v) {
        const __m256i same = AllLanes(x + 4 * v);
        for (int64_t o = 0; o < kPairVectors; ++o) {
          AddTo(sum[v][o], _mm256_maddubs_epi16(of_inputs[o], same));
        }
      }
    }
    const auto* scales = reinterpret_cast<const float*>(w + kBlockCodes);
    for (int64_t v = 0; v < kGroupVectors; ++v) {
      for (int64_t o = 0; o < kPairVectors; ++o, sums += kPairLanes) {
        const VPair total{_mm256_madd_epi16(sum[v][o], _mm256_set1_epi16(1))};
        const auto before = begins ? hn::Zero(df) : hn::Load(df, sums);
        const auto by = hn::Load(df, scales + o * kPairLanes);
        hn::Store(hn::MulAdd(hn::ConvertTo(df, total), by, before), df, sums);
      }
    }
  }
};

using Int4RowFormat = NibbleFormat;

#elif HWY_TARGET != HWY_SCALAR

using Int4RowFormat = PairFormat<Int4Pairs>;

#endif

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
