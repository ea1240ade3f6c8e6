#include "harness/statistics/tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace plelab {
namespace tail_test {

// first, first + 1, …
Series Counting(int64_t n, double first) {
  Series values(n);
  std::iota(values.begin(), values.end(), first);
  return values;
}

TEST(Tail, P99IsThatOfAllSteps) {
  EXPECT_NEAR(P99({Counting(1000, 0), Counting(1001, 1000)}, 100, 0).value, 1980, 1e-9);
  EXPECT_TRUE(std::isnan(P99({Counting(1000, 0), Counting(1001, 1000)}, 100, 0).low)) << "two repetitions";
  EXPECT_TRUE(std::isnan(P99({Counting(1023, 0)}, 100, 0).value)) << "too few steps";
  const Interval same = P99(std::vector<Series>(5, Counting(1001, 0)), 100, 0);
  EXPECT_NEAR(same.low, same.high, 20) << "equal repetitions differ in nothing but ties";
}

TEST(Tail, P99DifferenceNeedsTenRepetitionsOf1024Steps) {
  const std::vector<Series> slow(10, Counting(1024, 5)), fast(10, Counting(1024, 0));
  EXPECT_NEAR(P99Difference(slow, fast).interval.value, 5, 1e-9);
  EXPECT_NEAR(P99Difference(fast, slow).interval.high, -5, 1e-9);
  EXPECT_TRUE(std::isnan(
      P99Difference(std::vector<Series>(9, slow[0]), std::vector<Series>(9, fast[0])).interval.value));
  EXPECT_TRUE(std::isnan(P99Difference(std::vector<Series>(10, Counting(1023, 5)), fast).interval.value));
}

TEST(Tail, ShareTellsAShiftFromAStall) {
  const std::vector<Series> base = {Series(100, 10.0)};
  Series stalled(100, 10.0);
  stalled[42] = 1010;
  Series shifted(100, 12.0);
  EXPECT_NEAR(TailShare({stalled}, base), 1, 1e-12);
  EXPECT_NEAR(TailShare({shifted}, base), 0, 1e-12);
  shifted[7] = 212;  // half of the mean difference of 4 is its doing
  EXPECT_NEAR(TailShare({shifted}, base), 0.5, 1e-12);
  EXPECT_TRUE(std::isnan(TailShare(base, base)));
  EXPECT_TRUE(std::isnan(TailShare({Series(99, 2.0)}, {Series(99, 1.0)}))) << "no slowest hundredth";
  EXPECT_EQ(TailShare({Series(100, 2.0)}, {Series(100, 1.0)}), 0);
}

}  // namespace tail_test
}  // namespace plelab
