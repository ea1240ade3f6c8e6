// Expected p-values are counts of permutations by inversions (OEIS A008302) or the textbook's formula for
// ties.
#include "harness/statistics/trend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace plelab {
namespace trend_test {

using Values = std::vector<double>;

Values Counted(size_t n) {
  Values x;
  for (size_t i = 0; i < n; ++i) x.push_back(static_cast<double>(i));
  return x;
}

Trend Of(const Values& y) { return TrendOf(Counted(y.size()), y); }

TEST(Trend, TheSlopeIsTheMedianOfThoseOfAllPairs) {
  EXPECT_EQ(Of({0, 1, 4, 9}).slope, 3) << "of 1 2 3 3 4 5";
  EXPECT_EQ(Of({0, -1, -4, -9}).slope, -3);
  EXPECT_EQ(TrendOf(Values{0, 2, 3}, Values{0, 2, 9}).slope, 3) << "of 1, 3 and 7: repetition 1 is missing";
  EXPECT_EQ(Of({7, 6, 5, 4, 1000}).slope, -1) << "one stalled repetition turns nothing around";
}

TEST(Trend, WithoutTiesPIsExactInBothDirections) {
  EXPECT_NEAR(Of({1, 2, 3, 4, 5}).p, 2.0 / 120, 1e-12);
  EXPECT_NEAR(Of({5, 4, 3, 2, 1}).p, 2.0 / 120, 1e-12);
  EXPECT_NEAR(Of({1, 2, 3, 4, 6, 5}).p, 2.0 * (1 + 5) / 720, 1e-12);
  EXPECT_NEAR(Of({7, 6, 5, 4, 2, 1, 3}).p, 2.0 * (1 + 6 + 20) / 5040, 1e-12) << "two pairs are out of order";
  EXPECT_NEAR(Of({3, 1, 2, 4, 5, 6, 7}).p, 2.0 * (1 + 6 + 20) / 5040, 1e-12);
  EXPECT_NEAR(Of({2, 1, 5, 3, 4}).p, 2.0 * (1 + 4 + 9 + 15) / 120, 1e-12);
  EXPECT_NEAR(Of({2, 5, 1, 4, 3, 6, 0}).p, 1, 1e-12) << "11 of 21 pairs are out of order";
}

TEST(Trend, TenRepetitionsThatFallAreFlaggedAndNoiseIsNot) {
  EXPECT_LT(Of({10, 9, 8, 7, 6, 5, 4, 3, 2, 1}).p, kTrendLevel);
  EXPECT_LT(Of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}).p, kTrendLevel);
  EXPECT_GT(Of({5, 9, 2, 7, 6, 10, 4, 1, 8, 3}).p, 0.3);
}

TEST(Trend, TiesTakeFromTheVariance) {
  // S = 9 of 10 pairs; variance (5·4·15 − 2·1·9) / 18; continuity correction 1.
  const double p = std::erfc(8 / std::sqrt((300.0 - 18) / 18) / std::sqrt(2.0));
  EXPECT_NEAR(Of({1, 2, 2, 3, 4}).p, p, 1e-12);
  EXPECT_NEAR(Of({4, 3, 2, 2, 1}).p, p, 1e-12);
  EXPECT_EQ(Of({3, 3, 3, 3, 3}).p, 1);
  EXPECT_EQ(Of({3, 3, 3, 3, 3}).slope, 0);
}

TEST(Trend, ManyValuesAreJudgedByTheNormalDistribution) {
  // 61 values in order but for one value at the front that belongs to the end: 60 of 1830 pairs are out of
  // order, S = 1710, variance 61·60·127 / 18.
  Values y = Counted(61);
  y[0] = 100;
  const double z = 1709 / std::sqrt(61.0 * 60 * 127 / 18);
  EXPECT_NEAR(Of(y).p / std::erfc(z / std::sqrt(2.0)), 1, 1e-9);
}

TEST(Trend, BelowFiveRepetitionsThereIsNoTest) {
  EXPECT_TRUE(std::isnan(Of({1, 2, 3, 4}).p));
  EXPECT_EQ(Of({1, 2, 3, 4}).slope, 1);
  EXPECT_TRUE(std::isnan(Of({1}).slope));
  EXPECT_TRUE(std::isnan(Of({}).slope));
}

}  // namespace trend_test
}  // namespace plelab
