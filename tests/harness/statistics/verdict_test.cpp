#include "harness/statistics/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace plelab {
namespace verdict_test {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(Verdict, ComparesTheIntervalWithTheMarginFromBothSides) {
  EXPECT_EQ(MarginVerdict({0, -0.9, 0.9}, 1), Verdict::kPass);
  EXPECT_EQ(MarginVerdict({0, -1, 1}, 1), Verdict::kPass);
  EXPECT_EQ(MarginVerdict({0.5, -0.1, 1.1}, 1), Verdict::kUndecided);
  EXPECT_EQ(MarginVerdict({-0.5, -1.1, 0.1}, 1), Verdict::kUndecided);
  EXPECT_EQ(MarginVerdict({0, -1.1, 1.1}, 1), Verdict::kUndecided);
  EXPECT_EQ(MarginVerdict({2, 1.1, 3}, 1), Verdict::kFail);
  EXPECT_EQ(MarginVerdict({-2, -3, -1.1}, 1), Verdict::kFail);
  EXPECT_EQ(MarginVerdict({0, kNan, kNan}, 1), Verdict::kUndecided);
}

TEST(Verdict, HolmMultipliesByTheTestsThatAreLeft) {
  // statsmodels.stats.multitest.multipletests(p, method="holm")
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  EXPECT_THAT(HolmCorrected(p), ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12),
                                            DoubleNear(0.06, 1e-12), DoubleNear(0.02, 1e-12)));
}

TEST(Verdict, HolmStopsAtOneAndSkipsWhatWasNotTested) {
  const std::vector<double> p = {0.9, kNan, 0.6};
  const std::vector<double> corrected = HolmCorrected(p);
  EXPECT_EQ(corrected[0], 1);
  EXPECT_TRUE(std::isnan(corrected[1]));
  EXPECT_EQ(corrected[2], 1);
}

}  // namespace verdict_test
}  // namespace plelab
