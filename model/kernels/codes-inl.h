// Rounds float32 values to codes of 8 bits.  Compiled once per instruction set, between the includer's
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_CODES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_CODES_INL_H_
#undef PLELAB_CODES_INL_H_
#else
#define PLELAB_CODES_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "model/kernels/load_pair-inl.h"

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

// What values are multiplied by, so that the largest becomes 127.  0 for values that are not finite, or too
// small for a factor.
inline float CodeFactor(float largest) {
  const float factor = 127.0f / largest;
  return largest > 0 && std::isfinite(factor) ? factor : 0;
}

// The codes of n values, rounded to nearest even.
HWY_INLINE void StoreCodes(const float* HWY_RESTRICT x, size_t n, float factor, int8_t* HWY_RESTRICT codes) {
  const DF df;
  const hn::Rebind<int8_t, DF> d8;
  const auto codes_of = [&](const float* from) {
    return hn::DemoteTo(d8, hn::NearestInt(hn::Mul(hn::LoadU(df, from), hn::Set(df, factor))));
  };
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) hn::StoreU(codes_of(x + i), d8, codes + i);
  if (i == n) return;
  float rest[kLanes] = {};
  int8_t rest_codes[kLanes];
  std::copy(x + i, x + n, rest);
  hn::StoreU(codes_of(rest), d8, rest_codes);
  std::copy_n(rest_codes, n - i, codes + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
