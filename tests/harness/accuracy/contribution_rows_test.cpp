#include "harness/accuracy/contribution_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "model/base/error.h"

namespace plelab {
namespace contribution_rows_test {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

double Sum(const std::vector<double>& x) { return std::accumulate(x.begin(), x.end(), 0.0); }
double Share(const std::vector<double>& part, const SharedMoment& m) { return Sum(part) / Sum(m.total); }

std::vector<int64_t> Repeated(int64_t ids, int64_t times) {
  std::vector<int64_t> all;
  for (int64_t i = 0; i < ids * times; ++i) all.push_back(100 + i % ids);
  return all;
}

TEST(FrequencyBuckets, AllTokensOfAnIdAreInOne) {
  const std::vector<int64_t> ids = {1, 2, 3, 3, 4, 4, 5, 5, 5, 5};
  const auto buckets = FrequencyBuckets(ids, 3);
  ASSERT_EQ(buckets.size(), 3u);
  EXPECT_EQ(buckets[0].label, "1");
  EXPECT_THAT(buckets[0].tokens, ElementsAre(0, 1));
  EXPECT_EQ(buckets[1].label, "2");
  EXPECT_THAT(buckets[1].tokens, ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(buckets[2].label, "4");
  EXPECT_THAT(buckets[2].tokens, ElementsAre(6, 7, 8, 9));
}

TEST(FrequencyBuckets, NeighbouringCountsShareABucket) {
  const std::vector<int64_t> ids = {7, 8, 8, 9, 9, 9, 9, 9, 9, 9};
  const auto buckets = FrequencyBuckets(ids, 2);
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0].label, "1-2");
  EXPECT_THAT(buckets[0].tokens, ElementsAre(0, 1, 2));
  EXPECT_EQ(buckets[1].label, "7");
}

// 20 tokens of ids that occur 1, 2, 3 and 5 times, in four buckets of five: the middles of their tokens lie
// at 1.5, 5, 8.5 and 15.
TEST(FrequencyBuckets, ABucketIsWhereTheMiddleOfItsTokensLies) {
  std::vector<int64_t> ids = {11, 12, 13, 21, 21, 22, 22, 31, 31, 31};
  for (int i = 0; i < 10; ++i) ids.push_back(51 + i % 2);
  const auto buckets = FrequencyBuckets(ids, 4);
  ASSERT_EQ(buckets.size(), 3u) << "none lies between 10 and 15";
  EXPECT_EQ(buckets[0].label, "1");
  EXPECT_THAT(buckets[0].tokens, ElementsAre(0, 1, 2));
  EXPECT_EQ(buckets[1].label, "2-3");
  EXPECT_THAT(buckets[1].tokens, ElementsAre(3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(buckets[2].label, "5");
  EXPECT_EQ(buckets[2].tokens.size(), 10u);
}

TEST(SharedMoment, OneVectorForAllIsTheLayersAlone) {
  const auto ids = Repeated(3, 2);
  const auto m = SharedMomentOf(torch::tensor({{3.0f, 4.0f}}).expand({6, 2}), ids);
  EXPECT_THAT(m.total, Each(DoubleNear(25, 1e-12)));
  EXPECT_THAT(m.layer, Each(DoubleNear(25, 1e-12)));
  EXPECT_THAT(m.token, Each(DoubleNear(25, 1e-12)));
  EXPECT_THAT(m.layer_error, Each(DoubleNear(0, 1e-12)));
  EXPECT_THAT(m.token_error, Each(DoubleNear(0, 1e-12)));
}

// Two ids with opposite vectors, so that no single vector explains both.
TEST(SharedMoment, OneVectorPerIdIsTheTokensAlone) {
  const std::vector<int64_t> ids = {5, 6, 5, 6, 9};
  const auto m = SharedMomentOf(torch::tensor({{2.0f}, {-2.0f}, {2.0f}, {-2.0f}, {50.0f}}), ids);
  EXPECT_THAT(m.tokens, ElementsAre(0, 1, 2, 3)) << "9 occurs once: nothing can be said of it";
  EXPECT_DOUBLE_EQ(Share(m.token, m), 1);
  EXPECT_DOUBLE_EQ(Sum(m.token_error), 0);
  // Each token has one other token with product 4 and two with −4, whose mean is −4/3.
  EXPECT_DOUBLE_EQ(Share(m.layer, m), -1.0 / 3);
  // 2 compared with the mean of {2, −2, −2}.
  EXPECT_DOUBLE_EQ(m.layer_error[0], std::pow(2 + 2.0 / 3, 2));
}

TEST(SharedMoment, ByHand) {
  const std::vector<int64_t> ids = {1, 1, 1};
  const auto m = SharedMomentOf(torch::tensor({{1.0f}, {2.0f}, {4.0f}}), ids);
  // The pairs' products are 2, 4, 8, with mean 14/3.  The sum over the three tokens is 3 · 14/3 = 14, of 1 +
  // 4 + 16 = 21.
  EXPECT_NEAR(Sum(m.token), 14, 1e-12);
  EXPECT_NEAR(Sum(m.total), 21, 1e-12);
  // 2 · 1 · mean(2, 4) − 14/3 = 6 − 14/3.
  EXPECT_NEAR(m.token[0], 6 - 14.0 / 3, 1e-12);
  EXPECT_NEAR(Sum(m.token_error), std::pow(1 - 3, 2) + std::pow(2 - 2.5, 2) + std::pow(4 - 1.5, 2), 1e-12);
}

// The mean of two occurrences would explain half of any noise if each occurrence counted in its own mean.
TEST(SharedMoment, NothingOfNoiseIsExplainedHoweverRareTheIds) {
  torch::manual_seed(1);
  const auto ids = Repeated(2000, 2);
  const auto m = SharedMomentOf(torch::randn({4000, 16}), ids);
  EXPECT_NEAR(Share(m.token, m), 0, 0.02);
  EXPECT_NEAR(Share(m.layer, m), 0, 0.002);
  EXPECT_NEAR(Share(m.token_error, m), 2, 0.05) << "predicted by one other: its noise comes on top";
}

TEST(SharedMoment, SharesOfASumAreThoseOfItsParts) {
  torch::manual_seed(2);
  constexpr int64_t kIds = 400, kTimes = 5, kHidden = 64;
  const auto ids = Repeated(kIds, kTimes);
  const auto of_layer = torch::randn({1, kHidden}).sign();  // the second moment is 1 per entry
  const auto of_token = torch::randn({kIds, kHidden}).repeat({kTimes, 1}) * std::sqrt(2.0);
  const auto of_context = torch::randn({kIds * kTimes, kHidden});
  const auto m = SharedMomentOf(of_layer + of_token + of_context, ids);
  EXPECT_NEAR(Share(m.layer, m), 0.25, 0.03);
  EXPECT_NEAR(Share(m.token, m), 0.75, 0.03);
}

TEST(SharedMoment, WithoutARepeatedIdThereIsNothing) {
  const std::vector<int64_t> ids = {1, 2};
  EXPECT_THAT(SharedMomentOf(torch::ones({2, 3}), ids).total, IsEmpty());
}

TEST(SharedMoment, AdditionsOfOtherTokensThanTheIdsAreRefused) {
  const std::vector<int64_t> ids = {1, 1};
  EXPECT_THROW(SharedMomentOf(torch::ones({3, 2}), ids), RunError);
  EXPECT_THROW(SharedMomentOf(torch::ones({2}), ids), RunError);
  EXPECT_EQ(SharedMomentOf(torch::ones({2, 3}), ids).total.size(), 2u);
}

// The additions of OneVectorPerIdIsTheTokensAlone, and metrics of which each value is another.
TEST(ContributionRows, EachMetricAndEachBucketIsItsOwn) {
  const std::vector<int64_t> ids = {5, 6, 5, 6, 9};
  LayerAdditions seen;
  seen.added = torch::tensor({{2.0f}, {-2.0f}, {2.0f}, {-2.0f}, {50.0f}});
  seen.relative_norm = {1, 2, 3, 4, 10};
  seen.cosine = {0.1, 0.2, 0.3, 0.4, -0.5};
  seen.row_to_projection = {10, 20, 30, 40, 200};
  std::map<std::pair<std::string, std::string>, std::pair<double, int64_t>> found;
  for (const ContributionRow& row : ContributionRows("v", 7, seen, ids, {.resamples = 10, .seed = 1})) {
    EXPECT_EQ(row.variant, "v");
    EXPECT_EQ(row.layer, 7);
    found[{row.metric, row.bucket}] = {row.value, row.n};
  }
  const auto expect = [&](const char* metric, const char* bucket, double value, int64_t n) {
    ASSERT_TRUE(found.contains({metric, bucket})) << metric << ", " << bucket;
    EXPECT_NEAR((found[{metric, bucket}].first), value, 1e-12) << metric << ", " << bucket;
    EXPECT_EQ((found[{metric, bucket}].second), n) << metric << ", " << bucket;
  };
  EXPECT_EQ(found.size(), 3u * 3 + 5);
  expect("relative_norm", "all", 4, 5);
  expect("relative_norm", "1", 10, 1);
  expect("relative_norm", "2", 2.5, 4);
  expect("cosine", "all", 0.1, 5);
  expect("cosine", "1", -0.5, 1);
  expect("cosine", "2", 0.25, 4);
  expect("row_to_projection", "all", 60, 5);
  expect("row_to_projection", "1", 200, 1);
  expect("row_to_projection", "2", 25, 4);
  // Of 4 · 2² = 16; each is (2 + 2/3)² from the mean of the others, and 0 from its own id's.
  expect("share_layer", "all", -1.0 / 3, 4);
  expect("share_token", "all", 1 + 1.0 / 3, 4);
  expect("share_context", "all", 0, 4);
  expect("predicted_by_layer", "all", 1 - 16.0 / 9, 4);
  expect("predicted_by_token", "all", 1, 4);
}

// With several blocks of 64 tokens there are intervals: those of the series.
TEST(ContributionRows, IntervalsAreThoseOfTheSeries) {
  const auto ids = Repeated(100, 4);
  LayerAdditions seen;
  torch::manual_seed(4);
  seen.added = torch::randn({400, 4});
  for (int64_t i = 0; i < 400; ++i) seen.cosine.push_back(static_cast<double>((i * i + 3 * i) % 17));
  const SharedMoment m = SharedMomentOf(seen.added, ids);
  int checked = 0;
  for (const ContributionRow& row : ContributionRows("v", 0, seen, ids, {.resamples = 200, .seed = 9})) {
    const bool is_cosine = row.metric == "cosine" && row.bucket == "all";
    if (!is_cosine && row.metric != "share_layer") continue;
    const Interval expected = is_cosine ? BlockBootstrapMean(seen.cosine, 64, 200, 9)
                                        : BlockBootstrapRatio(m.layer, m.total, 64, 200, 9);
    ++checked;
    EXPECT_EQ(row.low, expected.low) << row.metric;
    EXPECT_EQ(row.high, expected.high) << row.metric;
    EXPECT_LT(row.low, row.high) << row.metric;
    EXPECT_EQ(row.n, 400) << row.metric;
  }
  EXPECT_EQ(checked, 2);
}

TEST(ContributionRows, SharesSumToOneAndIntervalsHoldTheirValues) {
  torch::manual_seed(3);
  const auto ids = Repeated(50, 8);
  LayerAdditions seen;
  seen.added = torch::randn({50, 4}).repeat({8, 1}) + torch::randn({400, 4});
  seen.relative_norm.assign(400, 0.5);
  seen.cosine.assign(400, -0.25);
  const auto rows = ContributionRows("resident", 3, seen, ids, {.resamples = 200, .seed = 1});
  double shares = 0;
  for (const ContributionRow& row : rows) {
    EXPECT_EQ(row.variant, "resident");
    EXPECT_EQ(row.layer, 3);
    EXPECT_NE(row.metric, "row_to_projection") << "the source showed no row";
    EXPECT_LE(row.low, row.value + 1e-12) << row.metric;
    EXPECT_GE(row.high, row.value - 1e-12) << row.metric;
    if (row.metric.starts_with("share_")) shares += row.value;
    if (row.metric == "relative_norm") {
      EXPECT_DOUBLE_EQ(row.value, 0.5);
    }
    if (row.metric == "cosine") {
      EXPECT_DOUBLE_EQ(row.value, -0.25);
    }
  }
  EXPECT_NEAR(shares, 1, 1e-9);
  EXPECT_EQ(rows.size(), 2u * 2 + 5) << "all ids are equally frequent: one bucket, and all";
}

}  // namespace contribution_rows_test
}  // namespace plelab
