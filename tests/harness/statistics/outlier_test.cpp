#include "harness/statistics/outlier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace plelab {
namespace outlier_test {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(FarFromMedian, AStalledRepetitionOfFiveIsNamedWithItsRatio) {
  EXPECT_THAT(FarFromMedian(std::vector<double>{18, 10, 10.1, 9.9, 10}), ElementsAre(1.8, 0, 0, 0, 0));
}

TEST(FarFromMedian, AFastOneIsFarToo) {
  EXPECT_THAT(FarFromMedian(std::vector<double>{10, 10, 5, 10, 10}), ElementsAre(0, 0, 0.5, 0, 0));
}

TEST(FarFromMedian, TheDeviationMustBeTenRobustOnes) {
  // Median 100, absolute deviations 4, 2, 0, 2, x: their median is 2, so the bound is 10 · 1.4826 · 2
  // = 29.652.
  EXPECT_THAT(FarFromMedian(std::vector<double>{96, 98, 100, 102, 129.6}), Each(0));
  EXPECT_THAT(FarFromMedian(std::vector<double>{96, 98, 100, 102, 129.7}), ElementsAre(0, 0, 0, 0, 1.297));
}

TEST(FarFromMedian, AndMoreThanTwoPercent) {
  EXPECT_THAT(FarFromMedian(std::vector<double>{100, 100, 100, 100, 102}), Each(0));
  EXPECT_THAT(FarFromMedian(std::vector<double>{100, 100, 100, 100, 102.1}), ElementsAre(0, 0, 0, 0, 1.021));
}

TEST(FarFromMedian, NobodyIsFarAmongFour) {
  EXPECT_THAT(FarFromMedian(std::vector<double>{10, 10, 10, 90}), Each(0));
  EXPECT_TRUE(FarFromMedian({}).empty());
}

// The share of series of `n` normal values, of which one or more are far.
double SeriesWithAFarOne(int n, double deviation) {
  std::mt19937_64 random(n);
  std::normal_distribution<double> normal(1, deviation);
  constexpr int kSeries = 4000;
  int far = 0;
  for (int series = 0; series < kSeries; ++series) {
    std::vector<double> values(n);
    std::ranges::generate(values, [&] { return normal(random); });
    far += std::ranges::max(FarFromMedian(values)) > 0 ? 1 : 0;
  }
  return static_cast<double>(far) / kSeries;
}

TEST(FarFromMedian, IsRareWhereNothingIsWrong) {
  for (const double deviation : {0.01, 0.1}) {
    EXPECT_LE(SeriesWithAFarOne(5, deviation), 0.05) << deviation;
    EXPECT_LE(SeriesWithAFarOne(10, deviation), 0.005) << deviation;
  }
}

}  // namespace outlier_test
}  // namespace plelab
