#include "harness/statistics/carry_over.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/harness/statistics/turns_fixture.h"

namespace plelab {
namespace carry_over_test {

using testing::MakeTurns;

// Five repetitions of noise with a standard deviation of 1; variant 3 slows whoever follows by `effect`.
std::vector<RepTurns> Noise(uint64_t seed, double effect, double stall = 0) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<RepTurns> reps;
  for (int64_t rep = 0; rep < 5; ++rep) {
    reps.push_back(MakeTurns(4, 60, rep, [&](int64_t step, int64_t variant, int64_t predecessor) {
      const double slow = step == 17 && variant == 1 ? stall : 0;
      return 50 + 5 * static_cast<double>(variant) + normal(random) + (predecessor == 3 ? effect : 0) + slow;
    }));
  }
  return reps;
}

TEST(CarryOver, RejectsAsOftenAsItSaysWhereNothingCarriesOver) {
  constexpr int kRuns = 400;
  int rejected = 0;
  for (int run = 0; run < kRuns; ++run) rejected += TestCarryOver(Noise(run, 0), 4, 99, run).p <= 0.1 ? 1 : 0;
  EXPECT_GE(rejected, kRuns / 10 - 20);  // binomial: 40 ± 6
  EXPECT_LE(rejected, kRuns / 10 + 20);
}

TEST(CarryOver, FindsADisturbanceOfAStandardDeviationAndNamesIt) {
  const CarryOver found = TestCarryOver(Noise(1, 1), 4, 999, 0);
  EXPECT_EQ(found.p, 0.001);
  EXPECT_EQ(found.predecessor, 3);
  EXPECT_NE(found.variant, 3);
  EXPECT_NEAR(found.effect_ns, 0.55, 0.2)
      << "against the mean over all predecessors of that variant, and diluted "
         "by the median of its step";
}

TEST(CarryOver, AStallInEachRepetitionDecidesNothing) {
  EXPECT_GT(TestCarryOver(Noise(2, 0, 1e6), 4, 999, 0).p, 0.01);
}

TEST(CarryOver, IsNanWhereNobodyHasTwoPredecessors) {
  const std::vector<RepTurns> two = {
      MakeTurns(2, 30, 0, [](int64_t, int64_t v, int64_t) { return 1.0 * v; })};
  EXPECT_TRUE(std::isnan(TestCarryOver(two, 2, 99, 0).p));
}

}  // namespace carry_over_test
}  // namespace plelab
