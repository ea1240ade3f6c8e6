#include "model/ple/sources/cache_policies.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace plelab {
namespace cache_policies_test {

constexpr int64_t kVocab = 40;
constexpr int64_t kRowBytes = sizeof(int64_t);

// What holds for every policy: the rows that it keeps are complete, are found under their own number, and are
// no more than the capacity.
class EveryPolicy : public ::testing::TestWithParam<CachePolicyRow> {
 protected:
  static std::unique_ptr<RowCache> Make(int64_t capacity) {
    return GetParam().make(kVocab, kRowBytes, capacity);
  }
  static void Use(RowCache& cache, int64_t row) {
    if (!cache.Touch(row)) std::memcpy(cache.Insert(row), &row, kRowBytes);
  }
  // Checks the bytes of all rows that are held and returns their number.
  static int64_t CheckHeld(const RowCache& cache) {
    int64_t held = 0;
    for (int64_t row = 0; row < kVocab; ++row) {
      const std::byte* bytes = cache.Find(row);
      if (bytes == nullptr) continue;
      EXPECT_EQ(std::memcmp(bytes, &row, kRowBytes), 0) << row;
      ++held;
    }
    return held;
  }
};

TEST_P(EveryPolicy, HoldsWholeRowsAndNoMoreThanFit) {
  for (const int64_t capacity : {int64_t{1}, int64_t{2}, int64_t{7}, kVocab}) {
    const auto cache = Make(capacity);
    EXPECT_EQ(cache->capacity(), capacity);
    EXPECT_GE(cache->fast_bytes(), capacity * kRowBytes);
    std::mt19937 generator(3);
    std::uniform_int_distribution<int64_t> rows(0, kVocab - 1);
    for (int i = 0; i < 500; ++i) {
      const int64_t row = rows(generator);
      Use(*cache, row);
      ASSERT_NE(cache->Find(row), nullptr) << "what was used last is held";
    }
    EXPECT_LE(CheckHeld(*cache), capacity);
  }
}

TEST_P(EveryPolicy, KeepsAllWhileThereIsRoom) {
  const auto cache = Make(5);
  for (int64_t row : {9, 3, 9, 4, 30, 3, 1}) Use(*cache, row);
  EXPECT_EQ(CheckHeld(*cache), 5);
}

TEST_P(EveryPolicy, OfNoRowsHoldsNone) {
  const auto cache = Make(0);
  EXPECT_EQ(cache->Find(3), nullptr);
  EXPECT_FALSE(cache->Touch(3));
  EXPECT_TRUE(cache->PositionsToUse(std::vector<int64_t>{1, 2, 1}).empty());
}

TEST_P(EveryPolicy, EndsARequestAsIfEveryRowHadBeenUsedOneByOne) {
  const auto at_once = Make(4), one_by_one = Make(4);
  std::mt19937 generator(5);
  std::uniform_int_distribution<int64_t> any(0, 11);
  for (int request = 0; request < 100; ++request) {
    std::vector<int64_t> rows(1 + request % 9);
    for (int64_t& row : rows) row = any(generator);
    for (int32_t position : at_once->PositionsToUse(rows)) Use(*at_once, rows[position]);
    for (int64_t row : rows) Use(*one_by_one, row);
    for (int64_t row = 0; row < kVocab; ++row) {
      ASSERT_EQ(at_once->Find(row) == nullptr, one_by_one->Find(row) == nullptr) << request << ": " << row;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(CachePolicies, EveryPolicy, ::testing::ValuesIn(CachePolicies()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace cache_policies_test
}  // namespace plelab
