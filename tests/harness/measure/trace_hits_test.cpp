#include "harness/measure/trace_hits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <numeric>
#include <random>

#include "model/ple/policies/cache_policies.h"

namespace plelab {
namespace trace_hits_test {

using ::testing::ElementsAre;

double Sum(const Hits& hits) { return std::accumulate(hits.begin(), hits.end(), 0.0); }

// Rows that are asked unequally often: the smaller of two draws.
std::vector<int64_t> RandomStream(int64_t length, int64_t rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int64_t> stream;
  for (int64_t i = 0; i < length; ++i) {
    stream.push_back(static_cast<int64_t>(std::min(random() % rows, random() % rows)));
  }
  return stream;
}

// LRU as one would write it in a minute: a list, the newest first.
Hits SimpleLru(RowStream stream, int64_t capacity, RowStream warm) {
  std::list<int64_t> held;
  const auto ask = [&](int64_t row) {
    const auto found = std::find(held.begin(), held.end(), row);
    const bool hit = found != held.end();
    if (hit) held.erase(found);
    held.push_front(row);
    if (std::ssize(held) > capacity) held.pop_back();
    return hit ? 1.0 : 0.0;
  };
  for (const int64_t row : warm) ask(row);
  Hits hits;
  for (const int64_t row : stream) hits.push_back(ask(row));
  return hits;
}

// Tries whatever a cache may keep after each lookup: any `capacity` of the rows held and the one just read.
int64_t BestByTryingAll(RowStream stream, int64_t capacity, std::vector<int64_t> held = {}) {
  if (stream.empty()) return 0;
  const int64_t row = stream.front();
  const bool hit = std::find(held.begin(), held.end(), row) != held.end();
  if (!hit) held.push_back(row);
  int64_t best = 0;
  if (std::ssize(held) <= capacity) {
    best = BestByTryingAll(stream.subspan(1), capacity, held);
  } else {
    for (size_t out = 0; out < held.size(); ++out) {
      std::vector<int64_t> kept = held;
      kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(out));
      best = std::max(best, BestByTryingAll(stream.subspan(1), capacity, kept));
    }
  }
  return best + (hit ? 1 : 0);
}

TEST(TraceHits, LruAgreesWithASimpleOneLookupByLookup) {
  for (const uint64_t seed : {1, 2, 3}) {
    const auto stream = RandomStream(500, 40, seed), warm = RandomStream(100, 40, seed + 10);
    for (const int64_t capacity : {0, 1, 2, 7, 16, 40}) {
      EXPECT_EQ(PolicyHits(CachePolicy::kLru, stream, capacity), SimpleLru(stream, capacity, {})) << capacity;
      EXPECT_EQ(PolicyHits(CachePolicy::kLru, stream, capacity, warm), SimpleLru(stream, capacity, warm))
          << capacity;
    }
  }
}

TEST(TraceHits, WarmingIsNotCounted) {
  const std::vector<int64_t> stream{3, 4}, warm{1, 2, 3};
  EXPECT_THAT(PolicyHits(CachePolicy::kLru, stream, 2, warm), ElementsAre(1, 0));
  EXPECT_THAT(PolicyHits(CachePolicy::kLru, stream, 2), ElementsAre(0, 0));
}

TEST(TraceHits, NoCacheHasMoreHitsThanTheOptimum) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const auto stream = RandomStream(9, 5, seed);
    for (const int64_t capacity : {0, 1, 2, 3}) {
      EXPECT_EQ(Sum(OptimalHits(stream, capacity)), BestByTryingAll(stream, capacity))
          << "seed " << seed << ", capacity " << capacity;
    }
  }
}

// Whatever the cache held at the start, of what it may have held.
TEST(TraceHits, TheOptimumBeginsWithTheBestOfTheRowsBefore) {
  const std::vector<int64_t> before{0, 1, 0}, stream{1, 1};
  EXPECT_EQ(Sum(OptimalHits(stream, 1, before)), 2);
  EXPECT_EQ(Sum(OptimalHits(stream, 1, std::vector<int64_t>{0})), 1);
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto rows = RandomStream(8, 5, seed), learned = RandomStream(4, 5, seed + 100);
    for (const int64_t capacity : {1, 2}) {
      int64_t best = 0;
      for (const int64_t first : learned) {
        for (const int64_t second : learned) {
          std::vector<int64_t> held{first};
          if (capacity == 2 && second != first) held.push_back(second);
          best = std::max(best, BestByTryingAll(rows, capacity, held));
        }
      }
      EXPECT_EQ(Sum(OptimalHits(rows, capacity, learned)), best)
          << "seed " << seed << ", capacity " << capacity;
    }
  }
}

TEST(TraceHits, TheOptimumIsAboveLruAndTheyMeetWhereEverythingFits) {
  const auto stream = RandomStream(400, 50, 5);
  const int64_t distinct = DistinctRows(stream);
  for (const int64_t capacity : CapacityGrid(1, distinct)) {
    EXPECT_GE(Sum(OptimalHits(stream, capacity)), Sum(PolicyHits(CachePolicy::kLru, stream, capacity)))
        << capacity;
  }
  const double first_uses_miss = static_cast<double>(std::ssize(stream) - distinct);
  EXPECT_EQ(Sum(OptimalHits(stream, distinct)), first_uses_miss);
  EXPECT_EQ(Sum(PolicyHits(CachePolicy::kLru, stream, distinct)), first_uses_miss);
  EXPECT_EQ(Sum(PolicyHits(CachePolicy::kLru, Shuffled(stream, 1), distinct)), first_uses_miss);
}

TEST(TraceHits, AStaticSetIsLearnedFromTheEarlierPartAlone) {
  const std::vector<int64_t> learn{5, 5, 5, 7, 7, 2, 9}, stream{5, 7, 2, 9, 8, 8, 8};
  EXPECT_THAT(PolicyHits(CachePolicy::kStaticHot, stream, 0, learn), ElementsAre(0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(PolicyHits(CachePolicy::kStaticHot, stream, 2, learn), ElementsAre(1, 1, 0, 0, 0, 0, 0));
  EXPECT_THAT(PolicyHits(CachePolicy::kStaticHot, stream, 3, learn),
              ElementsAre(1, 1, 1, 0, 0, 0, 0));  // 2 before 9: the smaller
  EXPECT_THAT(PolicyHits(CachePolicy::kStaticHot, stream, 99, learn),
              ElementsAre(1, 1, 1, 1, 0, 0, 0));  // 8 was never learned
}

TEST(TraceHits, ShufflingKeepsTheRowsAndTheirNumbers) {
  const auto stream = RandomStream(300, 30, 7);
  auto shuffled = Shuffled(stream, 1);
  EXPECT_NE(shuffled, stream);
  EXPECT_NE(shuffled, Shuffled(stream, 2));
  EXPECT_EQ(shuffled, Shuffled(stream, 1));
  auto sorted = stream;
  std::sort(sorted.begin(), sorted.end());
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, sorted);
}

TEST(TraceHits, ShufflingTakesLocalityAway) {
  std::vector<int64_t> stream;  // each row four times in a row
  for (int64_t i = 0; i < 400; ++i) stream.push_back(i / 4 % 50);
  EXPECT_EQ(Sum(PolicyHits(CachePolicy::kLru, stream, 4)), 300);
  EXPECT_LT(Sum(PolicyHits(CachePolicy::kLru, Shuffled(stream, 1), 4)), 60);
}

TEST(TraceHits, ARandomOrderStaysWithinItsPassages) {
  const std::vector<int64_t> order = RandomOrder(23, 10, 1);
  ASSERT_EQ(order.size(), 23u);
  for (const auto& [begin, end] : {std::pair{0, 10}, {10, 20}, {20, 23}}) {
    std::vector<int64_t> passage(order.begin() + begin, order.begin() + end), all(end - begin);
    std::iota(all.begin(), all.end(), begin);
    EXPECT_TRUE(end == 23 || passage != all);
    EXPECT_THAT(passage, ::testing::UnorderedElementsAreArray(all));
  }
  EXPECT_NE(std::vector(order.begin(), order.begin() + 10), std::vector(RandomOrder(10, 10, 2)));
}

TEST(TraceHits, OnePassageIsTheShuffledStream) {
  const auto stream = RandomStream(300, 30, 8);
  std::vector<int64_t> rows;
  for (const int64_t position : RandomOrder(300, 300, 4)) rows.push_back(stream[position]);
  EXPECT_EQ(rows, Shuffled(stream, 4));
}

TEST(TraceHits, InAnotherOrderEachHitIsWhereItsRowStands) {
  const std::vector<int64_t> stream{7, 7, 8, 9}, order{3, 0, 2, 1}, before{9};  // 9, 7, 8, 7
  EXPECT_THAT(PolicyHitsInOrder(CachePolicy::kLru, stream, order, 2, before), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(PolicyHitsInOrder(CachePolicy::kLru, stream, order, 1), ElementsAre(0, 0, 0, 0));
  const std::vector<int64_t> as_it_stands{0, 1, 2, 3};
  EXPECT_EQ(PolicyHitsInOrder(CachePolicy::kLru, stream, as_it_stands, 1),
            PolicyHits(CachePolicy::kLru, stream, 1));
}

TEST(TraceHits, TheGridDoublesUpToTheDistinctRows) {
  EXPECT_THAT(CapacityGrid(16, 100), ElementsAre(16, 32, 64, 100));
  EXPECT_THAT(CapacityGrid(16, 64), ElementsAre(16, 32, 64));
  EXPECT_THAT(CapacityGrid(16, 5), ElementsAre(5));
}

}  // namespace trace_hits_test
}  // namespace plelab
