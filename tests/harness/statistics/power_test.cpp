// Expected values: (scipy.stats.t.ppf(0.975, n − 1) + scipy.stats.t.ppf(0.8, n − 1)) / √n, scipy 1.17.
#include "harness/statistics/power.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "harness/statistics/student.h"

namespace plelab {
namespace power_test {

TEST(Power, DetectableDifferenceIsTheTextbooks) {
  EXPECT_NEAR(DetectableDifference(1, 5), 1.6624761500272074, 1e-9);
  EXPECT_NEAR(DetectableDifference(3, 10), 3 * 0.9947137350096734, 1e-9);
  EXPECT_NEAR(DetectableDifference(0.25, 30), 0.25 * 0.5293595431273088, 1e-9);
  EXPECT_EQ(DetectableDifference(0, 10), 0);
}

TEST(Power, BelowFiveRepetitionsNothingIsDetected) { EXPECT_TRUE(std::isnan(DetectableDifference(1, 4))); }

// What it promises: four runs in five find a difference of this size.
TEST(Power, FourRunsInFiveFindTheDifference) {
  constexpr int kRuns = 4000;
  std::mt19937_64 random(11);
  for (const int64_t reps : {10, 20}) {
    std::normal_distribution<double> difference(DetectableDifference(2, reps), 2);
    int found = 0;
    for (int i = 0; i < kRuns; ++i) {
      std::vector<double> values(static_cast<size_t>(reps));
      for (double& value : values) value = difference(random);
      found += MeanOfReps(values).interval.low > 0 ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(found) / kRuns, 0.8, 0.03) << reps;
  }
}

}  // namespace power_test
}  // namespace plelab
