#include "experiments/questions/locality_curves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/ple/policies/cache_policies.h"
#include "tests/support/row_streams.h"

namespace plelab {
namespace locality_curves_test {

using ::testing::ElementsAre;

double ValueOf(const Curve& curve, const std::string& series, const std::string& label, double x) {
  for (const CurveRow& row : curve.rows) {
    if (row.series == series && row.label == label && row.x == x) return row.y;
  }
  ADD_FAILURE() << "no " << series << " " << label << " at " << x << " in " << curve.name;
  return -1;
}

TEST(LocalityCurves, LruByCapacityIsWhatACacheOfThatCapacityHits) {
  const auto rows = UnequalRows(4000, 500, 3);
  const Curve curve = LruByCapacity({.measured = rows, .vocab = 500, .row_bytes = 10});
  EXPECT_GT(std::ssize(curve.rows), 60);
  for (const CurveRow& row : curve.rows) {
    const auto capacity = static_cast<int64_t>(row.x) / 10;
    EXPECT_EQ(row.label, std::to_string(capacity));
    double hits = 0;
    for (const double hit : PolicyHits(CachePolicy::kLru, rows, capacity)) hits += hit;
    ASSERT_DOUBLE_EQ(row.y, hits / 4000) << capacity;
  }
  EXPECT_EQ(curve.rows.back().label, std::to_string(DistinctRows(rows)));
}

TEST(LocalityCurves, VocabularyGrowsByFirstUses) {
  const std::vector<int64_t> rows{4, 4, 7, 4, 9, 9};
  const Curve curve = VocabularyGrowth({.measured = rows, .vocab = 10});
  std::vector<double> text;
  for (const CurveRow& row : curve.rows) {
    if (row.series == "text") text.push_back(row.y);
  }
  EXPECT_THAT(text, ElementsAre(1, 1, 2, 3));  // after 1, 2, 4 and 6 tokens
  EXPECT_EQ(ValueOf(curve, "shuffled", "6", 6), 3);
}

// Two users who say the same: the second finds what the first has just read.
TEST(LocalityCurves, UsersTakeTurnsTokenByToken) {
  std::vector<int64_t> rows;
  for (int round = 0; round < 2; ++round) {
    for (int64_t row = 0; row < 200; ++row) rows.push_back(row);
  }
  const Curve curve = InterleavedUsers({.measured = rows, .vocab = 200, .bootstrap = 10});
  EXPECT_EQ(ValueOf(curve, "lru", "64", 1), 0);
  EXPECT_EQ(ValueOf(curve, "lru", "64", 2), 0.5);
  EXPECT_EQ(ValueOf(curve, "sieve", "64", 2), 0.5);
}

TEST(LocalityCurves, ACacheKnowsTheLearnedRowsWhenUsersCome) {
  const std::vector<int64_t> learned{1, 2, 3}, rows{1, 2, 3, 8};
  const Curve curve = InterleavedUsers({.learned = learned, .measured = rows, .vocab = 9, .bootstrap = 10});
  for (const CachePolicyRow& policy : CachePolicies()) {
    EXPECT_EQ(ValueOf(curve, std::string(policy.name), "64", 1), 0.75) << policy.name;
  }
}

TEST(LocalityCurves, AfterAnIdleTimeEachStretchBeginsEmpty) {
  std::vector<int64_t> rows;  // three stretches of the same 16 rows over and over
  for (int64_t i = 0; i < 3 * kIdleStretch; ++i) rows.push_back(i % 16);
  const Curve curve = AfterIdle({.learned = rows, .measured = rows, .vocab = 16, .bootstrap = 10});
  EXPECT_EQ(ValueOf(curve, "lru", "64", 16), 0);
  EXPECT_EQ(ValueOf(curve, "lru", "64", 32), 1);
  EXPECT_EQ(ValueOf(curve, "lru", "64", 2048), 1);
  const Curve too_short = AfterIdle({.measured = RowStream(rows).first(100), .vocab = 16});
  EXPECT_TRUE(too_short.rows.empty());
}

}  // namespace locality_curves_test
}  // namespace plelab
