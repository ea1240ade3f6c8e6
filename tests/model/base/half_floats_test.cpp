#include "model/base/half_floats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace plelab {
namespace half_floats_test {

constexpr uint16_t kInfinity = 0x7c00;

// The value that IEEE 754 gives to bits below those of infinity.
float ValueOf(uint16_t bits) {
  const int exponent = bits >> 10, fraction = bits & 0x3ff;
  return exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                       : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

TEST(Float16, EveryNumberIsItsFractionAndExponent) {
  for (uint16_t bits = 0; bits < kInfinity; ++bits) {
    ASSERT_EQ(FromFloat16(bits), ValueOf(bits)) << bits;
    ASSERT_EQ(FromFloat16(bits | 0x8000), -ValueOf(bits)) << bits;
  }
  EXPECT_TRUE(std::signbit(FromFloat16(0x8000)));
  EXPECT_EQ(FromFloat16(kInfinity), std::numeric_limits<float>::infinity());
  EXPECT_EQ(FromFloat16(kInfinity | 0x8000), -std::numeric_limits<float>::infinity());
  for (uint16_t bits = kInfinity + 1; bits < 0x8000; ++bits)
    ASSERT_TRUE(std::isnan(FromFloat16(bits))) << bits;
}

// Between two neighbours, the midpoint goes to the even one and everything else to the nearer one.
TEST(Float16, RoundsToNearestEven) {
  const float top = std::numeric_limits<float>::max();
  for (uint16_t bits = 0; bits + 1 < kInfinity; ++bits) {
    const float low = ValueOf(bits), high = ValueOf(bits + 1), middle = (low + high) / 2;  // exact in float32
    const uint16_t even = bits % 2 == 0 ? bits : bits + 1;
    ASSERT_EQ(ToFloat16(low), bits);
    ASSERT_EQ(ToFloat16(middle), even) << bits;
    ASSERT_EQ(ToFloat16(std::nextafter(middle, 0.0f)), bits) << bits;
    ASSERT_EQ(ToFloat16(std::nextafter(middle, top)), bits + 1) << bits;
    ASSERT_EQ(ToFloat16(-middle), even | 0x8000) << bits;
  }
}

TEST(Float16, WhatIsTooLargeIsInfiniteAndANanStaysOne) {
  EXPECT_EQ(ToFloat16(std::nextafter(65520.0f, 0.0f)), kInfinity - 1);
  EXPECT_EQ(ToFloat16(65520.0f), kInfinity);
  EXPECT_EQ(ToFloat16(-std::numeric_limits<float>::infinity()), kInfinity | 0x8000);
  EXPECT_TRUE(std::isnan(FromFloat16(ToFloat16(std::numeric_limits<float>::quiet_NaN()))));
}

}  // namespace half_floats_test
}  // namespace plelab
