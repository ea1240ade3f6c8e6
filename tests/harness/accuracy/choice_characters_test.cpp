// What "per character" means where a character has several bytes, and what the rows of a task say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "harness/accuracy/choice_task.h"
#include "model/checkpoint/config.h"

namespace plelab {
namespace choice_characters_test {

using ::testing::ElementsAre;

const std::string kShipped = PLELAB_SOURCE_DIR "/configs/";

// A document's scores when the whole choice costs what `nats` says of its text.
ChoiceScores Score(const ChoiceDocument& document, const std::map<std::string, double>& nats) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson(kShipped + "models/small.json"), "small");
  const Tokenizer tokenizer(kShipped + "models/small/tokenizer.model", config);
  ChoiceScores scores;
  const auto cost = [&](std::span<const int64_t>, std::span<const int64_t> ids) {
    return nats.at(tokenizer.Decode(ids));
  };
  ScoreDocument(document, tokenizer, config, cost, scores);
  return scores;
}

// Eight letters at 8 nats are 1 nat per character and per byte; six at 9 nats are 1.5 per character, but 0.75
// per byte (0.5 where they have three bytes).
TEST(ChoiceCharacters, AreCountedAndNotBytes) {
  for (const std::string letter : {"é", "ж", "語"}) {
    std::string six;
    for (int i = 0; i < 6; ++i) six += letter;
    const std::map<std::string, double> nats = {{" abcdefgh", 8}, {" " + six, 9}};
    const ChoiceScores scores = Score({"It is", {"abcdefgh", six}, 0}, nats);
    EXPECT_THAT(scores.acc_norm, ElementsAre(1)) << letter;
    EXPECT_THAT(Score({"It is", {"abcdefgh", six}, 1}, nats).acc_norm, ElementsAre(0)) << letter;
  }
}

// One emoji of four bytes at 3 nats against "ab" at 4: 3 and 2 nats per character, 0.75 and 2 per byte.
TEST(ChoiceCharacters, FourBytesAreOneToo) {
  const std::map<std::string, double> nats = {{" \U0001F600", 3}, {" ab", 4}};
  EXPECT_THAT(Score({"It is", {"\U0001F600", "ab"}, 1}, nats).acc_norm, ElementsAre(1));
  EXPECT_THAT(Score({"It is", {"\U0001F600", "ab"}, 1}, nats).acc, ElementsAre(0));
}

TEST(ChoiceCharacters, OfEquallyLikelyChoicesTheFirstIsTaken) {
  const std::map<std::string, double> nats = {{" ab", 4}, {" cd", 4}};
  EXPECT_THAT(Score({"It is", {"ab", "cd"}, 0}, nats).acc, ElementsAre(1));
  EXPECT_THAT(Score({"It is", {"ab", "cd"}, 0}, nats).acc_norm, ElementsAre(1));
  EXPECT_THAT(Score({"It is", {"ab", "cd"}, 1}, nats).acc, ElementsAre(0));
  EXPECT_THAT(Score({"It is", {"ab", "cd"}, 1}, nats).nats, ElementsAre(4));
}

const AccuracyRow& Find(const std::vector<AccuracyRow>& rows, const std::string& metric) {
  for (const AccuracyRow& row : rows) {
    if (row.metric == metric) return row;
  }
  throw std::out_of_range(metric);
}

// Four documents; every statistic differs from every other.  Standard errors have n − 1 in the denominator.
TEST(ChoiceCharacters, EachRowIsItsOwnStatistic) {
  const ChoiceTask task{"t", std::vector<ChoiceDocument>(4)};
  const ChoiceScores scores{{1, 1, 1, 0}, {1, 0, 0, 0}, {1, 2, 4, 9}}, base{{0, 1, 0, 0}, {}, {2, 2, 2, 2}};
  const auto rows = ChoiceRows("v", task, scores, &base);
  const auto expect = [&](const char* metric, double value, double low, double high) {
    const AccuracyRow& row = Find(rows, metric);
    EXPECT_EQ(row.variant, "v");
    EXPECT_EQ(row.task, "t");
    EXPECT_EQ(row.n, 4);
    EXPECT_NEAR(row.value, value, 1e-12) << metric;
    EXPECT_NEAR(row.low, low, 1e-12) << metric;
    EXPECT_NEAR(row.high, high, 1e-12) << metric;
  };
  const double error = 0.25;                           // √(0.75 / 3 / 4) of both shares
  const double nats = std::sqrt(38.0 / 3 / 4);         // of 1, 2, 4, 9
  const double delta = 1.96 * std::sqrt(1.0 / 3 / 4);  // of 1, 0, 1, 0
  // Wilson's limits of 3 of 4, and mirrored of 1 of 4 (scipy.stats.binomtest(3, 4).proportion_ci).
  expect("acc", 0.75, 0.30064184258240184, 0.95441273919029945);
  expect("acc_stderr", error, error, error);
  expect("acc_norm", 0.25, 1 - 0.95441273919029945, 1 - 0.30064184258240184);
  expect("acc_norm_stderr", error, error, error);
  expect("answer_nats", 4, 4 * std::exp(-1.96 * nats / 4), 4 * std::exp(1.96 * nats / 4));
  expect("delta_acc", 0.5, 0.5 - delta, 0.5 + delta);
  expect("delta_answer_nats", 2, 2 - 1.96 * nats, 2 + 1.96 * nats);
  EXPECT_EQ(ChoiceRows("v", task, scores).size(), 5u) << "without a baseline";
}

TEST(ChoiceCharacters, TheErrorsOfTheTwoAccuraciesAreTheirOwn) {
  const ChoiceTask task{"t", std::vector<ChoiceDocument>(3)};
  const auto rows = ChoiceRows("v", task, {{1, 1, 1}, {1, 0, 1}, {3, 3, 3}});
  EXPECT_EQ(Find(rows, "acc_stderr").value, 0);
  EXPECT_NEAR(Find(rows, "acc_norm_stderr").value, 1.0 / 3, 1e-12);
  const ChoiceTask one{"t", std::vector<ChoiceDocument>(1)};
  EXPECT_TRUE(std::isnan(Find(ChoiceRows("v", one, {{1}, {0}, {2}}), "acc_stderr").value));
}

}  // namespace choice_characters_test
}  // namespace plelab
