#include "model/ple/replay/stack_distances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "model/ple/policies/lru.h"
#include "model/ple/replay/replay.h"
#include "tests/support/row_streams.h"

namespace plelab {
namespace stack_distances_test {

using ::testing::ElementsAre;

TEST(StackDistances, CountTheDistinctRowsSinceTheLastUse) {
  EXPECT_THAT(StackDistances(std::vector<int64_t>{3, 3, 1, 2, 1, 2, 2, 3}, 4),
              ElementsAre(0, 1, 0, 0, 2, 2, 1, 3));
}

TEST(StackDistances, AgreeWithAList) {
  const auto stream = UnequalRows(40'000, 6'000, 2);
  const auto distances = StackDistances(stream, 6'000);
  std::vector<int64_t> newest_last;
  for (size_t i = 0; i < stream.size(); ++i) {
    const auto found = std::find(newest_last.rbegin(), newest_last.rend(), stream[i]);
    const auto expected = found == newest_last.rend() ? 0 : found - newest_last.rbegin() + 1;
    ASSERT_EQ(distances[i], expected) << i;
    if (expected > 0) newest_last.erase(std::next(found).base());
    newest_last.push_back(stream[i]);
  }
}

TEST(LruHitsByCapacity, AreThoseOfALruCacheOfEachCapacity) {
  const auto stream = UnequalRows(5'000, 300, 6);
  const auto hits = LruHitsByCapacity(stream, 300);
  for (size_t capacity = 0; capacity < hits.size(); ++capacity) {
    LruPolicy policy(static_cast<int64_t>(capacity));
    const auto replayed = Replay(policy, stream);
    ASSERT_EQ(hits[capacity], std::accumulate(replayed.begin(), replayed.end(), int64_t{0})) << capacity;
  }
  EXPECT_EQ(hits.back() + std::ssize(hits) - 1, std::ssize(stream)) << "only first uses miss";
}

// Long enough that times are counted anew, with fewer rows than a quarter of them and with more.
TEST(LruHitsByCapacity, OfALongStreamAreThoseOfALruCache) {
  for (const int64_t rows : {3'000, 200'000}) {
    const auto stream = UnequalRows(700'000, rows, 7);
    const auto hits = LruHitsByCapacity(stream, rows);
    for (const int64_t capacity : {1, 700, 2'500, 60'000}) {
      LruPolicy policy(capacity);
      const auto replayed = Replay(policy, stream);
      EXPECT_EQ(hits[std::min(capacity, std::ssize(hits) - 1)],
                std::accumulate(replayed.begin(), replayed.end(), int64_t{0}))
          << rows << " rows, " << capacity << " held";
    }
  }
}

TEST(LruHitsByCapacity, OfNoRequestsAreNone) { EXPECT_THAT(LruHitsByCapacity({}, 10), ElementsAre(0)); }

}  // namespace stack_distances_test
}  // namespace plelab
