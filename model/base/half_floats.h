// The two formats of 16 bits, as bits: bfloat16, which is the upper half of a float32, and float16, which is
// IEEE 754's half precision, of 5 exponent and 10 fraction bits.  No function here has branches, so that a
// compiler vectorises loops over it.
#pragma once

#include <bit>
#include <cstdint>

namespace plelab {

inline float FromBFloat16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

// Rounds to the nearest bfloat16, ties to even; a NaN stays a NaN.
inline uint16_t ToBFloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const bool is_nan = (bits & 0x7fffffff) > 0x7f800000;
  return static_cast<uint16_t>(is_nan ? (bits >> 16) | 0x40 : rounded);
}

// Exact.
inline float FromFloat16(uint16_t bits) {
  const uint32_t magnitude = bits & 0x7fff;
  const float normal = std::bit_cast<float>((magnitude << 13) + (112u << 23));
  const float subnormal = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f;
  const float special = std::bit_cast<float>((magnitude << 13) | 0x7f800000);  // infinite or not a number
  const float value = magnitude < 0x400 ? subnormal : magnitude < 0x7c00 ? normal : special;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | static_cast<uint32_t>(bits & 0x8000) << 16);
}

// Rounds to the nearest float16, ties to even; beyond 65504 it is infinite, and a NaN stays a NaN.
inline uint16_t ToFloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7fffffff;
  // Adding ½ leaves the fraction of a number below 2^-14 in its last ten bits, rounded.
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000;
  const uint32_t normal = (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  const uint32_t special = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
  const uint32_t half = magnitude < 0x38800000 ? subnormal : magnitude < 0x477ff000 ? normal : special;
  return static_cast<uint16_t>(half | (bits >> 16 & 0x8000));
}

}  // namespace plelab
