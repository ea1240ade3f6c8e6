// shuffled and previous, which give tokens the rows of other tokens.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/ple_table.h"
#include "tests/support/value_table.h"

namespace plelab {
namespace other_tokens_test {

constexpr PleGeometry kGeometry{.vocab = 50, .layers = 2, .dim = 4, .dtype = DType::kFloat32};

// The numbers of the rows that a request returns.
std::vector<int64_t> RowsGiven(const ValueTable& table, PleSource& source, const std::vector<int64_t>& ids) {
  const auto request = source.Begin(ids);
  const std::vector<float> first = table.Values(*request, 0), second = table.Values(*request, 1);
  std::vector<int64_t> rows;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto at = [&](const std::vector<float>& v) {
      return std::vector(v.begin() + i * 4, v.begin() + i * 4 + 4);
    };
    for (int64_t row = 0; row < kGeometry.vocab; ++row) {
      if (at(first) == table.Row(row, 0) && at(second) == table.Row(row, 1)) rows.push_back(row);
    }
  }
  return rows;
}

std::vector<int64_t> AllIds() {
  std::vector<int64_t> ids;
  for (int64_t id = 0; id < kGeometry.vocab; ++id) ids.push_back(id);
  return ids;
}

TEST(ShuffledPle, IsAPermutationThatStaysTheSame) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=shuffled");
  const std::vector<int64_t> rows = RowsGiven(table, *source, AllIds());
  ASSERT_EQ(rows.size(), 50u);
  EXPECT_EQ(std::set<int64_t>(rows.begin(), rows.end()).size(), 50u);
  EXPECT_NE(rows, AllIds());
  EXPECT_EQ(RowsGiven(table, *source, {7, 7, -1, 3}), (std::vector{rows[7], rows[7], rows[0], rows[3]}));
  EXPECT_EQ(RowsGiven(table, *table.Make("disk,transform=shuffled,seed=0"), AllIds()), rows);
}

TEST(ShuffledPle, AnotherSeedIsAnotherPermutation) {
  const ValueTable table(kGeometry);
  EXPECT_NE(RowsGiven(table, *table.Make("resident,transform=shuffled,seed=1"), AllIds()),
            RowsGiven(table, *table.Make("resident,transform=shuffled,seed=2"), AllIds()));
}

TEST(PreviousPle, GivesTheRowOfTheTokenBefore) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=previous");
  EXPECT_EQ(RowsGiven(table, *source, {5, 9, 9, 3}), (std::vector<int64_t>{5, 5, 9, 9}));
}

TEST(PreviousPle, DecodeStepsGoOnFromTheRequestBefore) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("disk,transform=previous");
  EXPECT_EQ(RowsGiven(table, *source, {5, 9}), (std::vector<int64_t>{5, 5}));
  EXPECT_EQ(RowsGiven(table, *source, {}), (std::vector<int64_t>{}));
  EXPECT_EQ(RowsGiven(table, *source, {3}), (std::vector<int64_t>{9}));
  EXPECT_EQ(RowsGiven(table, *source, {4, 8}), (std::vector<int64_t>{3, 4}));  // a prompt in pieces
}

TEST(PreviousPle, AnIdWithoutARowOfItsOwnIsRowZeroForItsSuccessor) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=previous");
  EXPECT_EQ(RowsGiven(table, *source, {99, 7}), (std::vector<int64_t>{0, 0}));
}

TEST(PreviousPle, ASequenceStartsWithItsOwnRow) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("cached,capacity=1KiB,over=resident,transform=previous");
  EXPECT_EQ(RowsGiven(table, *source, {5, 9}), (std::vector<int64_t>{5, 5}));
  source->StartSequence();
  EXPECT_EQ(RowsGiven(table, *source, {2, 1}), (std::vector<int64_t>{2, 2}));
}

TEST(OtherTokens, TakeTheBytesOfTheWholeTable) {
  for (const char* spec :
       {"resident,transform=shuffled", "disk,transform=previous", "cached,transform=shuffled"}) {
    EXPECT_EQ(FootprintOf(ParsePleSpec(spec), TableOf(kGeometry)).table_bytes, kGeometry.table_bytes())
        << spec;
  }
}

}  // namespace other_tokens_test
}  // namespace plelab
