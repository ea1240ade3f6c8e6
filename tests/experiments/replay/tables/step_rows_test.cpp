#include "experiments/replay/tables/step_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace plelab {
namespace {

using ::testing::ElementsAre;

ReplayGeometry TokenTable(int64_t rows, int64_t users) {
  return {.name = "test",
          .table = {.vocab = rows, .layers = 2, .dim = 4},
          .rows_of = RowsOf::kTokenId,
          .groups = {{.rows = rows, .rows_per_token = users}},
          .model_layers = 2,
          .source = "",
          .assumed = ""};
}

ReplayGeometry HashedTables() {
  ReplayGeometry geometry = TokenTable(300, 4);
  geometry.rows_of = RowsOf::kNgramHash;
  geometry.groups = {{.rows = 100, .rows_per_token = 4},
                     {.first_row = 100, .rows = 200, .rows_per_token = 6, .needed_after_layer = 1}};
  return geometry;
}

const std::vector<int64_t> kText = {5, 7, 120, 9, 5, 3, 2, 8};

TEST(StepRows, ATokenReadsItsOwnRow) {
  EXPECT_THAT(RowsOfStep(TokenTable(200, 1), 200, kText, 2), ElementsAre(ElementsAre(120)));
}

TEST(StepRows, AnIdOutsideThePublishedVocabularyReadsRow0) {
  EXPECT_THAT(RowsOfStep(TokenTable(100, 1), 100, kText, 2), ElementsAre(ElementsAre(0)));
}

TEST(StepRows, ACutTableIsReadModuloTheRowsThatAreLeft) {
  EXPECT_THAT(RowsOfStep(TokenTable(50, 1), 200, kText, 2), ElementsAre(ElementsAre(120 % 50)));
}

TEST(StepRows, PositionsWrapAroundTheEnd) {
  EXPECT_EQ(RowsOfStep(TokenTable(200, 1), 200, kText, 3), RowsOfStep(TokenTable(200, 1), 200, kText, 11));
}

TEST(StepRows, SeveralUsersReadTheTextFromStartsFarApart) {
  EXPECT_THAT(RowsOfStep(TokenTable(200, 2), 200, kText, 1), ElementsAre(ElementsAre(7, 3)));
  EXPECT_THAT(RowsOfStep(TokenTable(200, 2), 200, kText, 6), ElementsAre(ElementsAre(2, 120)));
}

TEST(StepRows, HashedRowsLieInTheirOwnTable) {
  const ReplayGeometry geometry = HashedTables();
  for (int64_t position = 0; position < 200; ++position) {
    const StepRows rows = RowsOfStep(geometry, 300, kText, position);
    ASSERT_EQ(rows.size(), 2u);
    ASSERT_EQ(rows[0].size(), 4u);
    ASSERT_EQ(rows[1].size(), 6u);
    for (const int64_t row : rows[0]) EXPECT_TRUE(row >= 0 && row < 100) << row;
    for (const int64_t row : rows[1]) EXPECT_TRUE(row >= 100 && row < 300) << row;
  }
}

TEST(StepRows, HalfOfTheHashedRowsDependOnTwoIdsAndHalfOnThree) {
  const ReplayGeometry geometry = HashedTables();
  std::vector<int64_t> text = {1, 2, 3, 4, 5, 6};
  const StepRows rows = RowsOfStep(geometry, 300, text, 5);
  text[2] = 99;  // four ids back
  EXPECT_EQ(RowsOfStep(geometry, 300, text, 5), rows);
  text[3] = 99;  // three ids back
  const StepRows changed = RowsOfStep(geometry, 300, text, 5);
  EXPECT_TRUE(std::equal(changed[1].begin(), changed[1].begin() + 3, rows[1].begin()));
  for (int i = 3; i < 6; ++i) EXPECT_NE(changed[1][i], rows[1][i]);
  text[4] = 99;  // two ids back
  for (int i = 0; i < 3; ++i) EXPECT_NE(RowsOfStep(geometry, 300, text, 5)[1][i], rows[1][i]);
}

TEST(StepRows, TheOrderOfTheIdsCounts) {
  EXPECT_NE(RowsOfStep(HashedTables(), 300, std::vector<int64_t>{1, 2, 3}, 2),
            RowsOfStep(HashedTables(), 300, std::vector<int64_t>{2, 1, 3}, 2));
}

// Of 20,000 uniform draws from 1,000 rows each is drawn 20 times; a χ² with 999 degrees of freedom has mean
// 999 and deviation 45.
TEST(StepRows, HashedRowsAreSpreadEvenly) {
  ReplayGeometry geometry = HashedTables();
  geometry.groups = {{.rows = 1000, .rows_per_token = 2}};
  std::vector<int64_t> text(10'000);
  for (int64_t i = 0; i < std::ssize(text); ++i) text[i] = i;
  std::vector<double> count(1000);
  for (int64_t position = 0; position < 10'000; ++position) {
    const StepRows rows = RowsOfStep(geometry, 1000, text, position);
    for (const int64_t row : rows[0]) ++count[row];
  }
  double chi2 = 0;
  for (const double n : count) chi2 += (n - 20) * (n - 20) / 20;
  EXPECT_NEAR(chi2, 999, 5 * 45);
}

}  // namespace
}  // namespace plelab
