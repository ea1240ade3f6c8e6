// Quantised weights and vectors as 16-bit numbers whose products are summed two by two: panels of both, and
// their product.  Compiled once per instruction set, between the includer's HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_PAIR_FORMAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_PAIR_FORMAT_INL_H_
#undef PLELAB_PAIR_FORMAT_INL_H_
#else
#define PLELAB_PAIR_FORMAT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/kernels/matrix.h"
#include "model/kernels/tiles/pair_product.h"
#include "model/kernels/tiles/pair_weights-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

// Eight sums hide the latency of a product, and leave as many registers for its operands.
constexpr int64_t kGroupVectors = 8 / kPairVectors;

// The sums of a panel and a group: a vector for each of a few vectors and outputs.
using PairSums = VPair[kGroupVectors][kPairVectors];

// Stores what was summed, or adds it to what is there: as integers when kExact, else as float32.
template <bool kExact>
HWY_INLINE void StoreSums(const PairSums& even, const PairSums& odd, bool begins, float* HWY_RESTRICT sums) {
  const DPair d32;
  const hn::RebindToFloat<DPair> df;
  for (int64_t v = 0; v < kGroupVectors; ++v) {
    for (int64_t o = 0; o < kPairVectors; ++o, sums += kPairLanes) {
      // Only now are the lanes those of outputs: before, some CPUs have the pairs of two outputs in one.
      const VPair total = hn::RearrangeToOddPlusEven(even[v][o], odd[v][o]);
      if constexpr (kExact) {
        auto* exact = reinterpret_cast<int32_t*>(sums);
        hn::Store(begins ? total : hn::Add(hn::Load(d32, exact), total), d32, exact);
      } else {
        const auto wide = hn::ConvertTo(df, total);
        hn::Store(begins ? wide : hn::Add(hn::Load(df, sums), wide), df, sums);
      }
    }
  }
}

// What the driver of a product asks of a format; Weights are Int8Pairs or Int4Pairs.
template <class Weights>
struct PairFormat {
  static constexpr bool kExact = Weights::kExact;
  static constexpr int64_t kPanelBytes = kPairBlock * kPairOutputs * 2;
  const Weights weights;

  // Bytes of a group's packed vectors.
  static constexpr int64_t GroupBytes(int64_t inputs) { return inputs * kGroupVectors * 2; }

  float RowScale(int64_t row) const { return weights.RowScale(row); }

  // Writes `inputs` codes of vector v of a group: [pair of inputs][vector][2].
  static void PackCodes(const uint8_t* codes, int64_t inputs, int64_t v, std::byte* group) {
    auto* to = reinterpret_cast<int16_t*>(group) + 2 * v;
    for (int64_t i = 0; i < inputs; i += 2, to += 2 * kGroupVectors) {
      to[0] = static_cast<int8_t>(codes[i]);
      to[1] = static_cast<int8_t>(codes[i + 1]);
    }
  }

  void PackPanel(bool transposed, const float* row_scales, int64_t output, int64_t input, int64_t inputs,
                 std::byte* panel) const {
    auto* to = reinterpret_cast<int16_t*>(panel);
    transposed ? PackPairColumns(weights, row_scales, output, input, inputs, to)
               : PackPairRows(weights, row_scales, output, input, inputs, to);
  }

  // Adds to (or begins) the sums [vector][output] of a panel and a group.
  static HWY_NOINLINE void Add(const std::byte* panel, const std::byte* group, int64_t inputs, bool begins,
                               float* HWY_RESTRICT sums) {
    const D16 d16;
    const auto* HWY_RESTRICT w = reinterpret_cast<const int16_t*>(panel);
    const auto* HWY_RESTRICT x = reinterpret_cast<const int16_t*>(group);
    PairSums even, odd;
    for (int64_t v = 0; v < kGroupVectors; ++v) {
      for (int64_t o = 0; o < kPairVectors; ++o) even[v][o] = odd[v][o] = hn::Zero(DPair());
    }
#pragma GCC unroll 4
    for (int64_t i = 0; i < inputs; i += 2, w += 2 * kPairOutputs, x += 2 * kGroupVectors) {
      V16 of_inputs[kPairVectors];
      for (int64_t o = 0; o < kPairVectors; ++o) of_inputs[o] = hn::Load(d16, w + 2 * o * kPairLanes);
      for (int64_t v = 0; v < kGroupVectors; ++v) {
        int32_t pair;
        std::memcpy(&pair, x + 2 * v, sizeof(pair));
        const V16 same = hn::BitCast(d16, hn::Set(DPair(), pair));
        for (int64_t o = 0; o < kPairVectors; ++o) {
          even[v][o] = hn::ReorderWidenMulAccumulate(DPair(), of_inputs[o], same, even[v][o], odd[v][o]);
        }
      }
    }
    StoreSums<kExact>(even, odd, begins, sums);
  }
};

#endif

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
