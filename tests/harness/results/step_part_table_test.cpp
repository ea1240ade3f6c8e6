// The table of a step's parts at the end of a run: whose it is, and its rates.
#include "harness/results/step_part_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plelab {
namespace step_part_table_test {

using ::testing::HasSubstr;

// The variants in this order, at 40 GB/s; `baseline` is that of all.  Attention reads 20 MB in 1, 1 and 9 ms.
Record Observed(const std::vector<std::string>& names, const std::string& baseline) {
  Record record;
  for (const std::string& name : names) {
    VariantRow variant;
    variant.variant = name;
    variant.baseline = baseline;
    record.variants.push_back(variant);
    for (int64_t rep = 0; rep < 3; ++rep) {
      RepRow row;
      row.variant = name;
      row.rep = rep;
      row.bandwidth_before = 38;
      row.bandwidth_after = 42;
      record.reps.push_back(row);
      record.step_parts.push_back({name, "attention", rep, 3, rep == 2 ? 9'000'000 : 1'000'000, 20'000'000});
      record.step_parts.push_back({name, "altup", rep, 3, 250'000, 0});
    }
  }
  return record;
}

TEST(StepPartTable, HasTheRateOfEachPartAndItsShareOfTheBandwidth) {
  const std::string table = StepPartTable(Observed({"resident"}, "resident"));
  EXPECT_THAT(table, HasSubstr("what a step of resident must read, and its time (3 steps observed"));
  EXPECT_THAT(table, HasSubstr("attention      20.000     1.000    20.0             50\n"));
  EXPECT_THAT(table, HasSubstr("altup           0.000     0.250       —              —\n"));
  EXPECT_THAT(table, HasSubstr("step           20.000     1.250    16.0             40\n"));
}

TEST(StepPartTable, IsThatOfTheBaselineWhereverItStands) {
  EXPECT_THAT(StepPartTable(Observed({"disk", "resident"}, "resident")), HasSubstr("step of resident"));
  EXPECT_THAT(StepPartTable(Observed({"disk", "cached"}, "")), HasSubstr("step of disk"));
}

TEST(StepPartTable, WithoutABandwidthHasNoShare) {
  Record record = Observed({"resident"}, "resident");
  for (RepRow& row : record.reps) row.bandwidth_before = row.bandwidth_after = kNotMeasured;
  EXPECT_THAT(StepPartTable(record), HasSubstr("attention      20.000     1.000    20.0              —\n"));
}

TEST(StepPartTable, IsNotThereWhereNoStepWasObserved) { EXPECT_EQ(StepPartTable(Record{}), ""); }

}  // namespace step_part_table_test
}  // namespace plelab
