#include "harness/statistics/bounded.h"

#include <gtest/gtest.h>

#include <cmath>

namespace plelab {
namespace bounded_test {

// Values of scipy 1.17: binomtest(count, n).proportion_ci(method="wilson").
TEST(WilsonInterval, AgreesWithTheReference) {
  const struct {
    double share;
    int64_t n;
    double low, high;
  } cases[] = {{0.65, 100, 0.5525444329688796, 0.7363575175690247},
               {298.0 / 300, 300, 0.9760224167496929, 0.9981698516420883},
               {1, 300, 0.9873570287754541, 1},
               {0, 10, 0, 0.27753279986288926}};
  for (const auto& c : cases) {
    const Interval found = WilsonInterval(c.share, c.n);
    EXPECT_EQ(found.value, c.share);
    EXPECT_NEAR(found.low, c.low, 1e-12) << c.share;
    EXPECT_NEAR(found.high, c.high, 1e-12) << c.share;
  }
  EXPECT_TRUE(std::isnan(WilsonInterval(0.5, 0).low));
}

TEST(LogInterval, StaysAboveZeroAndIsAsWideBelowAsAboveAsAFactor) {
  const Interval found = LogInterval(0.02, 0.03);
  EXPECT_NEAR(found.low, 0.02 * std::exp(-1.5), 1e-12);
  EXPECT_NEAR(found.low * found.high, 0.02 * 0.02, 1e-12);
  const Interval narrow = LogInterval(2, 1e-4);
  EXPECT_NEAR(narrow.high - narrow.low, 2e-4, 1e-8) << "that of the mean where it is narrow";
}

TEST(LogInterval, HasNoBoundsWhereThereIsNoLogarithm) {
  EXPECT_TRUE(std::isnan(LogInterval(0, 0.1).low));
  EXPECT_TRUE(std::isnan(LogInterval(0.5, kNan).high));
}

}  // namespace bounded_test
}  // namespace plelab
