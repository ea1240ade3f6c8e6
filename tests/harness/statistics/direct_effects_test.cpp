#include "harness/statistics/direct_effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/harness/statistics/turns_fixture.h"

namespace plelab {
namespace direct_effects_test {

using testing::MakeTurns;

// Steps grow, variants cost 10 v, and variant 2 disturbs whoever comes next by 7.
double Known(int64_t step, int64_t variant, int64_t predecessor) {
  return 100 + 0.5 * static_cast<double>(step) + 10 * static_cast<double>(variant) +
         (predecessor == 2 ? 7 : 0);
}

TEST(DirectEffects, AreExactWhereTheModelIs) {
  for (const int64_t n : {3, 4, 7}) {
    const std::vector<double> effects = DirectEffects(MakeTurns(n, 20, n, Known), n);
    for (int64_t v = 1; v < n; ++v) EXPECT_NEAR(effects[v] - effects[0], 10.0 * static_cast<double>(v), 1e-8);
  }
}

TEST(DirectEffects, ThePlainDifferenceIsNot) {
  // In a balanced order everybody but 2 itself is disturbed by 2: the plain means make 2 look faster.
  const RepTurns turns = MakeTurns(3, 60, 0, Known);
  double sum[3] = {}, count[3] = {};
  for (const Turn& turn : turns) sum[turn.variant] += turn.ns, ++count[turn.variant];
  EXPECT_NEAR(sum[2] / count[2] - sum[0] / count[0], 20 - 3.5, 0.3);
}

TEST(DirectEffects, AreNanWhereVariantsAndPredecessorsCannotBeToldApart) {
  for (const double effect : DirectEffects(MakeTurns(2, 20, 0, Known), 2)) EXPECT_TRUE(std::isnan(effect));
  RepTurns fixed;  // 0 1 2 0 1 2 …
  for (int64_t i = 0; i < 30; ++i)
    fixed.push_back({i / 3, i % 3, (i + 2) % 3, Known(i / 3, i % 3, (i + 2) % 3)});
  for (const double effect : DirectEffects(fixed, 3)) EXPECT_TRUE(std::isnan(effect));
}

TEST(DirectEffects, AVariantThatNeverRanChangesNothingForTheOthers) {
  RepTurns turns = MakeTurns(4, 20, 4, Known);
  for (Turn& turn : turns) {  // 1 is left out of five
    turn.variant += turn.variant >= 1 ? 1 : 0;
    turn.predecessor += turn.predecessor >= 1 ? 1 : 0;
  }
  const std::vector<double> effects = DirectEffects(turns, 5),
                            same = DirectEffects(MakeTurns(4, 20, 4, Known), 4);
  EXPECT_TRUE(std::isnan(effects[1]));
  EXPECT_NEAR(effects[2] - effects[0], same[1] - same[0], 1e-8);
  EXPECT_NEAR(effects[4] - effects[0], same[3] - same[0], 1e-8);
}

}  // namespace direct_effects_test
}  // namespace plelab
