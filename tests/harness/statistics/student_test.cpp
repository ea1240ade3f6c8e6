// Expected values: scipy.stats.t and scipy.stats.ttest_1samp, scipy 1.17.
#include "harness/statistics/student.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace plelab {
namespace student_test {

TEST(Student, CdfAndQuantileAgreeWithScipy) {
  EXPECT_NEAR(StudentCdf(1.3, 4), 0.868274201764388, 1e-12);
  EXPECT_NEAR(StudentCdf(-2.5, 9), 0.016930913841492867, 1e-12);
  EXPECT_NEAR(StudentCdf(0.2, 1), 0.562832958189001, 1e-12);
  EXPECT_NEAR(StudentCdf(3.0, 59), 0.9980247223938858, 1e-12);
  EXPECT_NEAR(StudentQuantile(0.975, 4), 2.7764451051977934, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.975, 19), 2.0930240544083087, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.99, 1), 31.820515953773935, 1e-8);
  EXPECT_NEAR(StudentQuantile(0.025, 59), -2.000995378088268, 1e-9);
}

TEST(Student, MeanOfRepsIsTheOneSampleTTest) {
  const std::vector<double> x = {1.1, 2.3, -0.4, 3.2, 0.9, 1.7, 2.8};
  const TestedMean mean = MeanOfReps(x);
  EXPECT_NEAR(mean.interval.value, 11.6 / 7, 1e-12);
  EXPECT_NEAR(mean.interval.low, 0.5108598917250029, 1e-9);
  EXPECT_NEAR(mean.interval.high, 2.803425822560712, 1e-9);
  EXPECT_NEAR(mean.p, 0.012257129637164747, 1e-10);
  const TestedMean narrow = MeanOfReps(x, 0.5);
  EXPECT_GT(narrow.interval.low, mean.interval.low);
  EXPECT_LT(narrow.interval.high, mean.interval.high);
}

TEST(Student, FourRepetitionsHaveAMeanButNoInterval) {
  const std::vector<double> x = {1, 2, 3, 6};
  EXPECT_EQ(MeanOfReps(x).interval.value, 3);
  EXPECT_TRUE(std::isnan(MeanOfReps(x).interval.low));
  EXPECT_TRUE(std::isnan(MeanOfReps(x).interval.high));
  EXPECT_TRUE(std::isnan(MeanOfReps(x).p));
}

TEST(Student, EqualValuesHaveAnIntervalWithoutWidth) {
  const TestedMean same = MeanOfReps(std::vector<double>(5, 2.0));
  EXPECT_EQ(same.interval.low, 2.0);
  EXPECT_EQ(same.interval.high, 2.0);
  EXPECT_EQ(same.p, 0);
  EXPECT_EQ(MeanOfReps(std::vector<double>(5, 0.0)).p, 1);
}

}  // namespace student_test
}  // namespace plelab
