#include "model/ple/sources/lru_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <random>

namespace plelab {
namespace lru_rows_test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kVocab = 40;
constexpr int64_t kRowBytes = 16;

class Lru : public ::testing::Test {
 protected:
  void Use(LruRows& cache, int64_t row) {
    if (!cache.Touch(row)) std::fill_n(cache.Insert(row), kRowBytes, static_cast<std::byte>(row));
  }
  std::vector<int64_t> Held(const LruRows& cache) {
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < kVocab; ++row) {
      const std::byte* bytes = cache.Find(row);
      if (bytes == nullptr) continue;
      rows.push_back(row);
      EXPECT_TRUE(std::all_of(bytes, bytes + kRowBytes,
                              [&](std::byte b) { return b == static_cast<std::byte>(row); }));
    }
    return rows;
  }
};

TEST_F(Lru, EvictsTheLeastRecentlyUsedRow) {
  LruRows cache(kVocab, kRowBytes, 3);
  for (int64_t row : {1, 2, 3}) Use(cache, row);
  EXPECT_THAT(Held(cache), ElementsAre(1, 2, 3));
  Use(cache, 1);
  Use(cache, 4);
  EXPECT_THAT(Held(cache), ElementsAre(1, 3, 4));
  Use(cache, 5);
  EXPECT_THAT(Held(cache), ElementsAre(1, 4, 5));
}

TEST_F(Lru, LookingDoesNotMakeARowRecent) {
  LruRows cache(kVocab, kRowBytes, 2);
  Use(cache, 1);
  Use(cache, 2);
  EXPECT_NE(cache.Find(1), nullptr);
  Use(cache, 3);
  EXPECT_THAT(Held(cache), ElementsAre(2, 3));
}

TEST_F(Lru, OfOneRowHoldsTheLastOne) {
  LruRows cache(kVocab, kRowBytes, 1);
  for (int64_t row : {7, 7, 9, 39, 0}) {
    Use(cache, row);
    EXPECT_THAT(Held(cache), ElementsAre(row));
  }
}

TEST_F(Lru, OfNoRowsHoldsNone) {
  LruRows cache(kVocab, kRowBytes, 0);
  EXPECT_FALSE(cache.Touch(3));
  EXPECT_THAT(Held(cache), IsEmpty());
  EXPECT_EQ(cache.fast_bytes(), 0);
}

TEST_F(Lru, AgreesWithAListOfRowsOverALongTrace) {
  constexpr size_t kCapacity = 11;
  LruRows cache(kVocab, kRowBytes, kCapacity);
  std::list<int64_t> newest_first;
  std::mt19937 generator(4);
  for (int step = 0; step < 20000; ++step) {
    const auto row = static_cast<int64_t>(generator() % kVocab);
    Use(cache, row);
    newest_first.remove(row);
    newest_first.push_front(row);
    if (newest_first.size() > kCapacity) newest_first.pop_back();
    std::vector<int64_t> expected(newest_first.begin(), newest_first.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(Held(cache), expected) << "step " << step;
  }
}

TEST(MostRecentPositions, AreTheLastOnesOfDistinctRowsOldestFirst) {
  const std::vector<int64_t> rows = {5, 6, 5, 7, 6};
  EXPECT_THAT(MostRecentPositions(rows, 10), ElementsAre(2, 3, 4));
  EXPECT_THAT(MostRecentPositions(rows, 2), ElementsAre(3, 4));
  EXPECT_THAT(MostRecentPositions(rows, 0), IsEmpty());
  EXPECT_THAT(MostRecentPositions(std::vector<int64_t>{3}, 0), IsEmpty());
  EXPECT_THAT(MostRecentPositions(std::vector<int64_t>{3}, 1), ElementsAre(0));
  EXPECT_THAT(MostRecentPositions({}, 4), IsEmpty());
}

}  // namespace lru_rows_test
}  // namespace plelab
