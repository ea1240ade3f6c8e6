#include "model/ple/cache/row_slab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "model/ple/policies/cache_policies.h"
#include "model/ple/policies/lru.h"
#include "tests/support/row_streams.h"

namespace plelab {
namespace row_slab_test {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr int64_t kVocab = 40;
constexpr int64_t kRowBytes = 16;

// Uses the rows, and returns the positions whose bytes were asked for.
std::vector<int64_t> Use(RowSlab& slab, const std::vector<int64_t>& rows) {
  std::vector<int64_t> filled;
  slab.Use(rows, [&](int64_t position, std::byte* to) {
    filled.push_back(position);
    std::memset(to, static_cast<int>(rows[position]), kRowBytes);
  });
  return filled;
}

void ExpectWholeRows(const RowSlab& slab) {
  int64_t held = 0;
  for (int64_t row = 0; row < kVocab; ++row) {
    const std::byte* bytes = slab.Find(row);
    if (bytes == nullptr) continue;
    ++held;
    EXPECT_TRUE(
        std::all_of(bytes, bytes + kRowBytes, [&](std::byte b) { return b == static_cast<std::byte>(row); }));
  }
  EXPECT_EQ(slab.held_bytes(), held * kRowBytes);
}

TEST(RowSlab, HoldsTheBytesOfEveryRowThatThePolicyHolds) {
  for (const CachePolicyRow& row : CachePolicies()) {
    RowSlab slab(row.make(7, UnequalRows(100, kVocab, 2)), kRowBytes);
    const auto stream = UnequalRows(2000, kVocab, 9);
    for (size_t begin = 0; begin < stream.size(); begin += 13) {
      const size_t end = std::min(stream.size(), begin + 1 + begin % 13);
      Use(slab, {stream.begin() + static_cast<std::ptrdiff_t>(begin),
                 stream.begin() + static_cast<std::ptrdiff_t>(end)});
      ExpectWholeRows(slab);
    }
    EXPECT_EQ(slab.fast_bytes(), 7 * kRowBytes);
  }
}

TEST(RowSlab, AsksOnlyForTheBytesOfRowsThatStay) {
  RowSlab slab(std::make_unique<LruPolicy>(2), kRowBytes);
  EXPECT_THAT(Use(slab, {1, 2, 3, 4, 3}), UnorderedElementsAre(2, 3));
  EXPECT_THAT(Use(slab, {4, 9, 4}), ElementsAre(1));
  ExpectWholeRows(slab);
}

// A row that is held may leave and come back within one batch.
TEST(RowSlab, FillsARowThatCameBack) {
  RowSlab slab(std::make_unique<LruPolicy>(2), kRowBytes);
  Use(slab, {1, 2});
  EXPECT_THAT(Use(slab, {3, 1}), UnorderedElementsAre(0, 1));
  ExpectWholeRows(slab);
}

TEST(RowSlab, FillsARowOnceHoweverOftenItCameAndLeft) {
  RowSlab slab(std::make_unique<LruPolicy>(2), kRowBytes);
  EXPECT_THAT(Use(slab, {1, 2, 3, 1, 2, 3, 1}), UnorderedElementsAre(5, 6));
  ExpectWholeRows(slab);
}

TEST(RowSlab, OfNoRowsHoldsNone) {
  RowSlab slab(std::make_unique<LruPolicy>(0), kRowBytes);
  EXPECT_TRUE(Use(slab, {1, 1}).empty());
  EXPECT_EQ(slab.Find(1), nullptr);
  EXPECT_EQ(slab.fast_bytes(), 0);
}

}  // namespace row_slab_test
}  // namespace plelab
