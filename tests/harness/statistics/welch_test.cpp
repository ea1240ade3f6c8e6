// Expected values: scipy.stats.ttest_ind(equal_var=False), scipy 1.17.
#include "harness/statistics/welch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace plelab {
namespace welch_test {

const std::vector<double> kA = {10.1, 9.7, 11.3, 10.4, 9.9, 10.8};
const std::vector<double> kB = {12.9, 10.2, 15.1, 11.7, 9.4, 14.6, 13.3, 12.2};

TEST(Welch, IsTheTTestOfUnequalVariancesAndSizes) {
  const TestedMean difference = UnpairedDifference(kA, kB);
  EXPECT_NEAR(difference.interval.value, 2.0583333333333336, 1e-12) << "b − a, not a − b";
  EXPECT_NEAR(difference.interval.low, 0.3667061524656243, 1e-9);
  EXPECT_NEAR(difference.interval.high, 3.749960514201043, 1e-9);
  EXPECT_NEAR(difference.p, 0.022594824007529643, 1e-10);
  const TestedMean narrow = UnpairedDifference(kA, kB, 0.9);
  EXPECT_NEAR(narrow.interval.low, 0.6898440587800394, 1e-9);
  EXPECT_NEAR(narrow.interval.high, 3.4268226078866277, 1e-9);
}

TEST(Welch, TheOtherWayAroundIsTheNegative) {
  const TestedMean difference = UnpairedDifference(kB, kA);
  EXPECT_NEAR(difference.interval.low, -3.749960514201043, 1e-9);
  EXPECT_NEAR(difference.interval.high, -0.3667061524656243, 1e-9);
}

TEST(Welch, FourRepetitionsOnEitherSideGiveNoInterval) {
  const std::vector<double> four = {1, 2, 3, 6};
  for (const TestedMean& difference : {UnpairedDifference(kA, four), UnpairedDifference(four, kA)}) {
    EXPECT_FALSE(std::isnan(difference.interval.value));
    EXPECT_TRUE(std::isnan(difference.interval.low));
    EXPECT_TRUE(std::isnan(difference.interval.high));
    EXPECT_TRUE(std::isnan(difference.p));
  }
}

TEST(Welch, ValuesThatDoNotVaryHaveAnIntervalWithoutWidth) {
  const std::vector<double> twos(5, 2.0), threes(6, 3.0);
  const TestedMean difference = UnpairedDifference(twos, threes);
  EXPECT_EQ(difference.interval.low, 1);
  EXPECT_EQ(difference.interval.high, 1);
  EXPECT_EQ(difference.p, 0);
  EXPECT_EQ(UnpairedDifference(twos, twos).p, 1);
  EXPECT_FALSE(std::isnan(UnpairedDifference(twos, kA).interval.low)) << "one side that varies is enough";
}

}  // namespace welch_test
}  // namespace plelab
