#include "harness/cold/read_trend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/comparison/comparison.h"

namespace plelab {
namespace read_trend_test {

using ::testing::HasSubstr;
using ::testing::Not;

// `disk` reads in two of three steps: 100 us ± 20, and `drift_ns` more in each later repetition; the reads of
// bytes that were never read take 90 us, and `unread_drift_ns` more in each.
Record RunOf(int64_t reps, int64_t drift_ns, int64_t unread_drift_ns) {
  Record record;
  for (const char* name : {"resident", "disk"}) {
    VariantRow variant;
    variant.variant = name;
    variant.baseline = "resident";
    record.variants.push_back(variant);
  }
  for (int64_t rep = 0; rep < reps; ++rep) {
    for (int64_t step = 0; step < 6; ++step) {
      for (const char* name : {"resident", "disk"}) {
        StepRow row;
        row.variant = name;
        row.rep = rep;
        row.step = step;
        row.step_ns = 1'000'000;
        if (row.variant == "disk" && step % 3 != 0) {
          row.read_calls = 2;
          row.ple_read_ns = 2 * (100'000 + 20'000 * (step - 3) + drift_ns * rep + rep * rep % 7);
        }
        record.steps.push_back(row);
      }
    }
    for (const char* name : {"resident", "disk"}) {
      RepRow row;
      row.variant = name;
      row.rep = rep;
      if (row.variant == "disk") row.unread_ns = static_cast<double>(90'000 + unread_drift_ns * rep);
      record.reps.push_back(row);
    }
  }
  return record;
}

ComparisonRow Find(const std::vector<ComparisonRow>& rows, const std::string& metric) {
  for (const ComparisonRow& row : rows) {
    if (row.metric == metric && row.variant == "disk" && row.statistic == "read_trend") return row;
  }
  ADD_FAILURE() << "no read_trend of " << metric;
  return {};
}

TEST(ReadTrend, ReadsThatGetFasterAreFlagged) {
  const auto rows = ReadTrendRows(RunOf(10, -2'000, 0));
  ASSERT_EQ(rows.size(), 2u) << "resident reads nothing";
  const ComparisonRow row = Find(rows, "ple_read_ns");
  EXPECT_NEAR(row.value, -2'000, 5);
  EXPECT_NEAR(row.p, 2.0 / 3'628'800, 1e-12);
  EXPECT_EQ(row.reps, 10);
  EXPECT_EQ(row.steps, 40) << "that read";
  EXPECT_EQ(row.baseline, "resident");
  EXPECT_EQ(row.verdict, "");
  EXPECT_TRUE(std::isnan(row.margin));
  EXPECT_TRUE(IsFlaggedTrend(row));
  EXPECT_EQ(Find(rows, "unread_ns").p, 1);
  EXPECT_FALSE(IsFlaggedTrend(Find(rows, "unread_ns")));
  EXPECT_EQ(ReadTrendText(rows), "reads change from repetition to repetition: disk -2.0 µs (p 5.5e-07)");
}

TEST(ReadTrend, SlowerOnesAndThoseOfTheReferenceToo) {
  const auto rows = ReadTrendRows(RunOf(10, 3'000, -4'000));
  EXPECT_NEAR(Find(rows, "ple_read_ns").value, 3'000, 5);
  EXPECT_EQ(Find(rows, "unread_ns").value, -4'000);
  EXPECT_EQ(Find(rows, "unread_ns").steps, 640);
  EXPECT_THAT(ReadTrendText(rows), HasSubstr("disk +3.0 µs"));
  EXPECT_THAT(ReadTrendText(rows), HasSubstr("disk's reference -4.0 µs"));
}

TEST(ReadTrend, NoiseIsNotFlagged) {
  Record record = RunOf(10, 0, 0);
  for (RepRow& rep : record.reps) rep.unread_ns += static_cast<double>(rep.rep * 37 % 11);
  const auto rows = ReadTrendRows(record);
  EXPECT_GT(Find(rows, "ple_read_ns").p, 0.1);
  EXPECT_GT(Find(rows, "unread_ns").p, 0.1);
  EXPECT_EQ(ReadTrendText(rows), "");
}

TEST(ReadTrend, IsAmongTheComparisonsAndNeverOfAFailedVariant) {
  Record record = RunOf(10, -2'000, 0);
  EXPECT_TRUE(IsFlaggedTrend(Find(CompareVariants(record, DesignSection{}), "ple_read_ns")));
  record.variants[1].status = "failed";
  EXPECT_TRUE(ReadTrendRows(record).empty());
}

TEST(ReadTrend, FourRepetitionsHaveASlopeAndNoTest) {
  const ComparisonRow row = Find(ReadTrendRows(RunOf(4, -2'000, 0)), "ple_read_ns");
  EXPECT_NEAR(row.value, -2'000, 5);
  EXPECT_TRUE(std::isnan(row.p));
  EXPECT_FALSE(IsFlaggedTrend(row));
}

}  // namespace read_trend_test
}  // namespace plelab
