#include "model/ple/policies/static_hot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/ple/replay/replay.h"

namespace plelab {
namespace static_hot_test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StaticHot, RanksByFrequencyThenByNumber) {
  const std::vector<int64_t> learned{5, 5, 5, 9, 7, 7, 2, 9};
  EXPECT_THAT(MostFrequentRows(learned, 0), IsEmpty());
  EXPECT_THAT(MostFrequentRows(learned, 3), ElementsAre(5, 7, 9));
  EXPECT_THAT(MostFrequentRows(learned, 99), ElementsAre(5, 7, 9, 2));
}

TEST(StaticHot, TakesInItsRowsAndNoOthers) {
  StaticHotPolicy policy(2, std::vector<int64_t>{5, 7});
  EXPECT_THAT(Replay(policy, std::vector<int64_t>{5, 9, 9, 5, 7, 5, 7, 9}),
              ElementsAre(0, 0, 0, 1, 0, 1, 1, 0));
  EXPECT_EQ(policy.held(), 2);
}

}  // namespace static_hot_test
}  // namespace plelab
