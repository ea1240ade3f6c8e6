// Compares accuracy figures with closed forms.
#include "harness/accuracy/scoring.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "harness/accuracy/accuracy_table.h"

namespace plelab {
namespace scoring_test {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;

TEST(Scoring, UniformLogitsCostLogOfTheVocabulary) {
  const int64_t vocab = 1000;
  const auto uniform = at::full({3, vocab}, 7.5f);
  const std::vector<int64_t> targets = {0, 500, 999};
  const TokenScores scores = ScoreTokens(uniform, targets, uniform);
  EXPECT_THAT(scores.nats, Each(DoubleNear(std::log(1000.0), 1e-5)));
  EXPECT_THAT(scores.kl, Each(0.0));
  EXPECT_THAT(scores.agree, Each(1.0));
}

TEST(Scoring, DivergenceOfTwoCoins) {
  // With reference p = (3/4, 1/4) and other q = (1/4, 3/4), KL(p ‖ q) = ln 3 / 2.
  const auto p = at::log(torch::tensor({0.75f, 0.25f})).unsqueeze(0);
  const auto q = at::log(torch::tensor({0.25f, 0.75f})).unsqueeze(0);
  const std::vector<int64_t> target = {0};
  const TokenScores scores = ScoreTokens(q, target, p);
  EXPECT_NEAR(scores.nats[0], std::log(4.0), 1e-6);
  EXPECT_NEAR(scores.kl[0], std::log(3.0) / 2, 1e-6);
  EXPECT_EQ(scores.agree[0], 0.0);
}

TEST(Scoring, WithoutAReferenceOnlyNatsAreKnown) {
  const std::vector<int64_t> target = {1};
  const TokenScores scores = ScoreTokens(at::zeros({1, 4}), target, {});
  EXPECT_NEAR(scores.nats[0], std::log(4.0), 1e-6);
  EXPECT_TRUE(std::isnan(scores.kl[0]));
  EXPECT_TRUE(std::isnan(scores.agree[0]));
}

TEST(Scoring, EachWindowStartsWithBosAndNoTokenIsScoredTwice) {
  const std::vector<int64_t> ids = {10, 11, 12, 13, 14, 15, 16};
  EXPECT_THAT(ScoredWindows(ids, 2, /*context=*/4, /*max_tokens=*/5),
              ElementsAre(ElementsAre(2, 10, 11, 12), ElementsAre(2, 13, 14)));
}

const AccuracyRow& Find(const std::vector<AccuracyRow>& rows, const std::string& metric) {
  for (const auto& row : rows) {
    if (row.metric == metric) return row;
  }
  throw std::out_of_range(metric);
}

TEST(AccuracyTable, BitsPerBytePerplexityAndPairedDifference) {
  ScoredText text{"t", ScoredWindows(std::vector<int64_t>(256, 5), 2, 65, 256), /*bytes=*/512};
  TokenScores base{std::vector<double>(256, 2.0), std::vector<double>(256, 0.0),
                   std::vector<double>(256, 1.0)};
  TokenScores other{std::vector<double>(256, 3.0), std::vector<double>(256, 0.5),
                    std::vector<double>(256, 0.25)};
  const auto rows = AccuracyRows("v", text, other, &base, {}, 0);
  EXPECT_DOUBLE_EQ(Find(rows, "nats_per_token").value, 3.0);
  EXPECT_DOUBLE_EQ(Find(rows, "perplexity").value, std::exp(3.0));
  EXPECT_DOUBLE_EQ(Find(rows, "bits_per_byte").value, 3.0 * 256 / std::log(2.0) / 512);
  EXPECT_DOUBLE_EQ(Find(rows, "delta_nats").value, 1.0);
  // Every token differs by the same amount, so resampling cannot move the mean.
  EXPECT_DOUBLE_EQ(Find(rows, "delta_nats").low, 1.0);
  EXPECT_DOUBLE_EQ(Find(rows, "delta_nats").high, 1.0);
  EXPECT_DOUBLE_EQ(Find(rows, "kl_to_resident").value, 0.5);
  EXPECT_DOUBLE_EQ(Find(rows, "top1_agreement").value, 0.25);
  EXPECT_EQ(Find(rows, "delta_nats").n, 256);
}

TEST(AccuracyTable, ATraceHasNoBytes) {
  ScoredText text{"t", ScoredWindows(std::vector<int64_t>(64, 5), 2, 65, 64)};
  TokenScores scores{std::vector<double>(64, 2.0), std::vector<double>(64, 0.0),
                     std::vector<double>(64, 1.0)};
  EXPECT_TRUE(std::isnan(Find(AccuracyRows("v", text, scores, nullptr, {}, 0), "bits_per_byte").value));
}

TEST(AccuracyTable, TokenRowsNameWindowPositionAndId) {
  ScoredText text{"t", ScoredWindows(std::vector<int64_t>{7, 8, 9}, 2, 3, 3)};
  TokenScores scores{{1, 2, 3}, {0, 0, 0}, {1, 1, 1}};
  const auto rows = TokenRows("v", text, scores);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[2].document, 1);
  EXPECT_EQ(rows[2].position, 1);
  EXPECT_EQ(rows[2].token_id, 9);
  EXPECT_EQ(rows[2].nats, 3);
}

}  // namespace scoring_test
}  // namespace plelab
