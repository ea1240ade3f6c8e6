#include "model/ple/policies/belady.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/replay.h"
#include "tests/support/row_streams.h"

namespace plelab {
namespace belady_test {

using ::testing::ElementsAre;

int64_t Sum(const std::vector<uint8_t>& hits) {
  return std::accumulate(hits.begin(), hits.end(), int64_t{0});
}

TEST(Belady, KnowsTheNextUseOfEachRow) {
  EXPECT_THAT(NextUses(std::vector<int64_t>{5, 6, 5, 5, 7}),
              ElementsAre(2, kNeverAgain, 3, kNeverAgain, kNeverAgain));
}

TEST(Belady, TheRowThatIsNeededLastLeavesOrDoesNotEnter) {
  const std::vector<int64_t> stream{1, 2, 3, 1, 2, 4, 1, 3};
  BeladyPolicy two(2, stream);
  EXPECT_THAT(Replay(two, stream), ElementsAre(0, 0, 0, 1, 1, 0, 1, 0));
}

TEST(Belady, NoPolicyHitsMoreOften) {
  for (const uint64_t seed : {1, 2}) {
    const auto stream = UnequalRows(3000, 200, seed);
    for (const int64_t capacity : {1, 5, 40, 150}) {
      BeladyPolicy best(capacity, stream);
      const int64_t most = Sum(Replay(best, stream));
      for (const CachePolicyRow& row : CachePolicies()) {
        EXPECT_LE(Sum(Replay(*row.make(capacity, stream), stream)), most) << row.name << ", " << capacity;
      }
    }
  }
}

}  // namespace belady_test
}  // namespace plelab
