// Expected values: all 28 averages by hand, and the ranks that R's wilcox.test(conf.int = TRUE) takes of
// them.
#include "harness/statistics/hodges_lehmann.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace plelab {
namespace hodges_lehmann_test {

TEST(HodgesLehmann, IsTheMedianOfTheAveragesWithTheSignedRankInterval) {
  const std::vector<double> x = {1.1, 2.3, -0.4, 3.2, 0.9, 1.7, 2.8};
  const Interval median = HodgesLehmann(x);
  EXPECT_NEAR(median.value, 1.7, 1e-12);
  EXPECT_NEAR(median.low, 0.35, 1e-12);  // the third smallest: P(W ≤ 2) = 3/128 < 0.025 < P(W ≤ 3)
  EXPECT_NEAR(median.high, 2.8, 1e-12);  // the third largest
}

TEST(HodgesLehmann, SixValuesAreTheFewestThatHaveA95PercentInterval) {
  const std::vector<double> five = {1, 2, 3, 4, 9}, six = {1, 2, 3, 4, 5, 9};
  EXPECT_TRUE(std::isnan(HodgesLehmann(five).low)) << "1/32 > 0.025";
  EXPECT_EQ(HodgesLehmann(six).low, 1) << "1/64 < 0.025";
  EXPECT_EQ(HodgesLehmann(six).high, 9);
  EXPECT_EQ(HodgesLehmann(five, 0.9).low, 1) << "1/32 < 0.05";
  EXPECT_TRUE(std::isnan(HodgesLehmann({}).value));
}

TEST(HodgesLehmann, AStalledRepetitionMovesItLittle) {
  const std::vector<double> calm = {-3, -2, -1, 0, 1, 2, 3}, stalled = {-3, -2, -1, 0, 1, 2, 3000};
  EXPECT_EQ(HodgesLehmann(calm).value, 0);
  EXPECT_LE(HodgesLehmann(stalled).value, 0.5);
}

}  // namespace hodges_lehmann_test
}  // namespace plelab
