// Quantises the vectors of a product to int8.  Compiled once per instruction set, between the includer's
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_QUANTISE_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_QUANTISE_VECTOR_INL_H_
#undef PLELAB_QUANTISE_VECTOR_INL_H_
#else
#define PLELAB_QUANTISE_VECTOR_INL_H_
#endif

#include <algorithm>
#include <bit>
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

// The code of a value that was divided by the scale.  Rounds to nearest even: the lowest byte of the sum is
// the integer in two's complement.
HWY_INLINE uint8_t CodeOf(float value) {
  return static_cast<uint8_t>(std::bit_cast<uint32_t>(value + 0x1.8p23f));
}

// Codes of up to kNibbleValues values, padded with zeros.
HWY_INLINE void CodesOf(const float* HWY_RESTRICT x, size_t n, float by, uint8_t* HWY_RESTRICT codes) {
  if (n < static_cast<size_t>(kNibbleValues)) {
    for (size_t i = 0; i < kNibbleValues; ++i) codes[i] = i < n ? CodeOf(x[i] * by) : 0;
    return;
  }
  for (size_t i = 0; i < kNibbleValues; ++i) codes[i] = CodeOf(x[i] * by);
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
  const float by = largest > 0 ? 127.0f / largest : 0;
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
