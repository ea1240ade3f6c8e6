// Every column of /tables/accuracy and /tables/tokens from scores that are all different.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/accuracy/accuracy_table.h"
#include "harness/support/statistics.h"

namespace plelab {
namespace accuracy_columns_test {

// Two windows of four ids each, of which the first is not scored, and one of two.
const ScoredText kText{"persuasion", {{2, 21, 22, 23}, {2, 31, 32, 33}, {2, 41}}, /*bytes=*/35};
const TokenScores kScores{{1, 2, 3, 4, 5, 6, 7}, {.1, .2, .3, .4, .5, .6, .7}, {0, 1, 1, 0, 1, 1, 1}};
const TokenScores kBase{{3, 3, 3, 3, 3, 3, 3}, {0, 0, 0, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1, 1}};

AccuracyRow Find(const std::vector<AccuracyRow>& rows, const std::string& metric) {
  for (const AccuracyRow& row : rows) {
    if (row.metric == metric) return row;
  }
  ADD_FAILURE() << "no " << metric;
  return {};
}

TEST(AccuracyColumns, OfTokensArePlaceIdAndScores) {
  const auto rows = TokenRows("v", kText, kScores);
  const int64_t expected[][3] = {{0, 1, 21}, {0, 2, 22}, {0, 3, 23}, {1, 1, 31},
                                 {1, 2, 32}, {1, 3, 33}, {2, 1, 41}};
  ASSERT_EQ(rows.size(), 7u);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].variant, "v");
    EXPECT_EQ(rows[i].document, expected[i][0]) << i;
    EXPECT_EQ(rows[i].position, expected[i][1]) << i;
    EXPECT_EQ(rows[i].token_id, expected[i][2]) << i;
    EXPECT_EQ(rows[i].nats, static_cast<double>(i + 1));
    EXPECT_DOUBLE_EQ(rows[i].kl, 0.1 * static_cast<double>(i + 1));
  }
}

TEST(AccuracyColumns, OfAVariantThatWasScoredOnTheFirstTokensEndWithThem) {
  const TokenScores some{{1, 2, 3, 4}, {.1, .2, .3, .4}, {0, 1, 1, 0}};
  EXPECT_EQ(TokenRows("v", kText, some).size(), 4u);
  EXPECT_EQ(TokenRows("v", kText, {}).size(), 0u);
}

TEST(AccuracyColumns, EachMetricIsItsOwn) {
  AccuracySection section;
  section.bootstrap = 200;
  const auto rows = AccuracyRows("v", kText, kScores, &kBase, section, 5);
  const auto value = [&](const char* metric) {
    const AccuracyRow row = Find(rows, metric);
    EXPECT_EQ(row.variant, "v");
    EXPECT_EQ(row.task, "persuasion");
    EXPECT_EQ(row.n, 7);
    return row.value;
  };
  EXPECT_DOUBLE_EQ(value("nats_per_token"), 4);
  EXPECT_DOUBLE_EQ(value("perplexity"), std::exp(4.0));
  EXPECT_DOUBLE_EQ(value("bits_per_byte"), 28 / std::log(2.0) / 35);
  EXPECT_DOUBLE_EQ(value("delta_nats"), 1);
  EXPECT_DOUBLE_EQ(value("kl_to_resident"), 0.4);
  EXPECT_DOUBLE_EQ(value("top1_agreement"), 5.0 / 7);
  EXPECT_EQ(rows.size(), 6u);
  EXPECT_EQ(AccuracyRows("v", kText, kScores, nullptr, section, 5).size(), 3u) << "without a baseline";
}

// With blocks that fit twice and more there is an interval, and each metric has that of its own series.
TEST(AccuracyColumns, IntervalsAreThoseOfTheSeries) {
  TokenScores scores, base;
  ScoredText text{"t", {{}}, 1000};
  for (int64_t i = 0; i < 400; ++i) {
    const double wave = static_cast<double>((i * i + 3 * i) % 17);
    scores.nats.push_back(2 + 0.1 * wave);
    scores.kl.push_back(0.01 * wave * wave);
    scores.agree.push_back(i % 3 == 0 ? 0 : 1);
    base.nats.push_back(2 + 0.03 * wave * wave / 16);
    text.windows[0].push_back(i);
  }
  AccuracySection section;
  section.bootstrap = 300;
  const auto rows = AccuracyRows("v", text, scores, &base, section, 5);
  const auto expect = [&](const char* metric, const Interval& interval) {
    const AccuracyRow row = Find(rows, metric);
    EXPECT_LT(row.low, row.value) << metric;
    EXPECT_GT(row.high, row.value) << metric;
    EXPECT_DOUBLE_EQ(row.value, interval.value) << metric;
    EXPECT_DOUBLE_EQ(row.low, interval.low) << metric;
    EXPECT_DOUBLE_EQ(row.high, interval.high) << metric;
  };
  const auto mean = [&](const std::vector<double>& x) { return BlockBootstrapMean(x, kTokenBlock, 300, 5); };
  std::vector<double> delta;
  for (size_t i = 0; i < 400; ++i) delta.push_back(scores.nats[i] - base.nats[i]);
  const Interval nats = mean(scores.nats);
  const double bits = 400.0 / 1000 / std::log(2.0);
  expect("nats_per_token", nats);
  expect("perplexity", {std::exp(nats.value), std::exp(nats.low), std::exp(nats.high)});
  expect("bits_per_byte", {nats.value * bits, nats.low * bits, nats.high * bits});
  expect("delta_nats", mean(delta));
  expect("kl_to_resident", mean(scores.kl));
  expect("top1_agreement", mean(scores.agree));
}

}  // namespace accuracy_columns_test
}  // namespace plelab
