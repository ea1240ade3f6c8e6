// bfloat16 as bits: the upper half of a float32.
#pragma once

#include <bit>
#include <cstdint>

namespace plelab {

inline float FromBFloat16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

// Rounds to the nearest bfloat16, ties to even; a NaN stays a NaN.  The function has no branches, so that a
// compiler vectorises loops over it.
inline uint16_t ToBFloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const bool is_nan = (bits & 0x7fffffff) > 0x7f800000;
  return static_cast<uint16_t>(is_nan ? (bits >> 16) | 0x40 : rounded);
}

}  // namespace plelab
