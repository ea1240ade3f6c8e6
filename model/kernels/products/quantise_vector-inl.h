// Quantises the vectors of a product to int8.  Compiled once per instruction set, between the includer's
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_QUANTISE_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_QUANTISE_VECTOR_INL_H_
#undef PLELAB_QUANTISE_VECTOR_INL_H_
#else
#define PLELAB_QUANTISE_VECTOR_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/kernels/load_pair-inl.h"
#include "model/kernels/matrix.h"
#include "model/kernels/products/packed_vectors.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

// The largest magnitude, or NaN when an element is infinite or not a number.
inline float LargestMagnitude(const float* x, size_t n) {
  const DF df;
  VF largest = hn::Zero(df), poison = hn::Zero(df);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const VF v = hn::LoadU(df, x + i);
    largest = hn::Max(largest, hn::Abs(v));
    poison = hn::Add(poison, hn::Sub(v, v));
  }
  float magnitude = hn::GetLane(hn::MaxOfLanes(df, largest));
  float poisoned = hn::GetLane(hn::SumOfLanes(df, poison));
  for (; i < n; ++i) {
    magnitude = std::max(magnitude, std::abs(x[i]));
    poisoned += x[i] - x[i];
  }
  return magnitude + poisoned;
}

// Codes of kLanes values, rounded to nearest even.
HWY_INLINE void StoreCodes(VF values, VF by, uint8_t* codes) {
  const hn::Rebind<int8_t, DF> d8;
  hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(hn::Mul(values, by))), d8, reinterpret_cast<int8_t*>(codes));
}

// Codes of up to kNibbleValues values, padded with zeros.
HWY_INLINE void CodesOf(const float* HWY_RESTRICT x, size_t n, float by, uint8_t* HWY_RESTRICT codes) {
  static_assert(kNibbleValues % kLanes == 0);
  const DF df;
  const VF factor = hn::Set(df, by);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) StoreCodes(hn::LoadU(df, x + i), factor, codes + i);
  if (i == kNibbleValues) return;
  HWY_ALIGN float rest[kLanes] = {};
  std::copy(x + i, x + n, rest);
  StoreCodes(hn::Load(df, rest), factor, codes + i);
  std::fill(codes + i + kLanes, codes + kNibbleValues, uint8_t{0});
}

// Parts the codes of 128 values into those that meet lower and upper nibbles, and sums them up.
inline void PackNibbleCodes(const uint8_t* HWY_RESTRICT codes, uint8_t* HWY_RESTRICT out) {
  for (size_t block = 0; block < kNibbleValues / kNibbleBlock; ++block) {
    std::memcpy(out + 16 * block, codes + 32 * block, 16);
    std::memcpy(out + 64 + 16 * block, codes + 32 * block + 16, 16);
  }
  int32_t excess[kCodeBlock / 4];
  for (size_t lane = 0; lane < kCodeBlock / 4; ++lane) {
    int32_t sum = 0;
    for (size_t k = 4 * lane; k < 4 * lane + 4; ++k) {
      sum += static_cast<int8_t>(out[k]) + static_cast<int8_t>(out[kCodeBlock + k]);
    }
    excess[lane] = -8 * sum;
  }
  std::memcpy(out + 2 * kCodeBlock, excess, sizeof(excess));
}

// One vector of `size` values for weights of `type`, into PackedBytes(type, size) bytes.
inline void QuantiseVector(ElementType type, const float* x, size_t size, std::byte* out) {
  const float largest = LargestMagnitude(x, size);
  // A vector that is not finite, or too small for a factor, has codes of zero.
  const float factor = 127.0f / largest, by = largest > 0 && std::isfinite(factor) ? factor : 0;
  QuantisedHead head{.scale = largest / 127.0f};
  auto* to = reinterpret_cast<uint8_t*>(out + sizeof(head));
  HWY_ALIGN uint8_t codes[kNibbleValues];
  int32_t sum = 0;
  for (size_t i = 0; i < size; i += kNibbleValues) {
    CodesOf(x + i, std::min<size_t>(kNibbleValues, size - i), by, codes);
    if (type == ElementType::kInt4) {
      PackNibbleCodes(codes, to);
      to += 3 * kCodeBlock;
      continue;
    }
    for (const uint8_t code : codes) sum += static_cast<int8_t>(code);
    const size_t bytes = size - i > static_cast<size_t>(kCodeBlock) ? 2 * kCodeBlock : kCodeBlock;
    std::memcpy(to, codes, bytes);
    to += bytes;
  }
  head.excess = 128 * sum;
  std::memcpy(out, &head, sizeof(head));
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
