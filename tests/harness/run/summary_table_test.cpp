// The table at the end: what it says, what it leaves out, how wide it is.
#include "harness/run/summary_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "harness/measure/comparison.h"

namespace plelab {
namespace summary_table_test {

using ::testing::HasSubstr;
using ::testing::Not;

// Two variants, `reps` repetitions of 64 steps: 10 ms, and 12 ms for the second; 1 ms of it waiting.
Record TwoVariants(int64_t reps) {
  Record record;
  record.meta = {{"weights", "random"},
                 {"dtype", "bfloat16"},
                 {"threads", "2"},
                 {"decode", "replay"},
                 {"isolate", "step"}};
  for (const std::string name : {"resident", "disk"}) {
    VariantRow variant;
    variant.variant = name;
    variant.baseline = "resident";
    variant.exact = 1;
    variant.fast_bytes = name == "resident" ? 50'000'000 : 0;
    record.variants.push_back(variant);
    for (int64_t rep = 0; rep < reps; ++rep) {
      RepRow row;
      row.variant = name;
      row.rep = rep;
      row.ttft_ns = 250'000'000;
      row.bandwidth_before = row.bandwidth_after = 40;
      row.page_cache = "cold";
      row.guest_cold = name == "disk" ? "yes" : "not_asked";
      row.device_cold = name == "disk" ? "unknown" : "not_asked";
      record.reps.push_back(row);
      for (int64_t step = 0; step < 64; ++step) {
        StepRow s;
        s.variant = name;
        s.rep = rep;
        s.step = step;
        s.step_ns = name == "disk" ? 12'000'000 : 10'000'000;
        s.ple_wait_ns = name == "disk" ? 1'000'000 : 0;
        record.steps.push_back(s);
      }
    }
  }
  record.comparisons = CompareVariants(record, DesignSection{});
  return record;
}

int64_t Characters(const std::string& line) {
  return std::count_if(line.begin(), line.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

TEST(SummaryTable, SaysWeightsColdAndThePairedDifference) {
  const std::string table = SummaryTable(TwoVariants(5));
  EXPECT_THAT(table, HasSubstr("weights random"));
  EXPECT_THAT(table, HasSubstr("page cache cold; guest cold: yes; device cold: unknown\n"));
  EXPECT_THAT(table, HasSubstr("+2.000 ±0.000"));
  EXPECT_THAT(table, HasSubstr("50.0"));
  EXPECT_THAT(table, HasSubstr("baseline"));
}

TEST(SummaryTable, SaysWhichReadsChangeFromRepetitionToRepetition) {
  Record record = TwoVariants(10);
  EXPECT_THAT(SummaryTable(record), Not(HasSubstr("reads change")));
  for (StepRow& step : record.steps) {
    if (step.variant != "disk") continue;
    step.read_calls = 1;
    step.ple_read_ns = 500'000 - 3'000 * step.rep;
  }
  record.comparisons = CompareVariants(record, DesignSection{});
  EXPECT_THAT(SummaryTable(record),
              HasSubstr("reads change from repetition to repetition: disk -3.0 µs (p 5.5e-07)\n"));
}

TEST(SummaryTable, GivesNoIntervalOfFourRepetitions) {
  const std::string table = SummaryTable(TwoVariants(4));
  EXPECT_THAT(table, HasSubstr("+2.000"));
  EXPECT_THAT(table, Not(HasSubstr("±")));
}

TEST(SummaryTable, GivesNo99thPercentileOfTooFewSteps) {
  EXPECT_THAT(SummaryTable(TwoVariants(2)), HasSubstr("10.0/—"));
  EXPECT_THAT(SummaryTable(TwoVariants(16)), HasSubstr("10.0/10.0"));
}

TEST(SummaryTable, KeepsWithin100Columns) {
  Record record = TwoVariants(2);
  record.variants[1].variant = "a_name_as_long_as_a_sweep_makes_it@threads=1,dtype=bfloat16,capacity=5%";
  for (auto& rep : record.reps) {
    if (rep.variant == "disk") rep.variant = record.variants[1].variant;
  }
  for (auto& step : record.steps) {
    if (step.variant == "disk") step.variant = record.variants[1].variant;
  }
  VariantRow failed;
  failed.variant = "broken";
  failed.status = "failed";
  failed.error = std::string(300, 'x');
  record.variants.push_back(failed);
  record.comparisons = CompareVariants(record, DesignSection{});
  std::istringstream table(SummaryTable(record));
  for (std::string line; std::getline(table, line);) EXPECT_LE(Characters(line), 100) << line;
}

TEST(SummaryTable, AFailedVariantShowsItsErrorAndNoNumber) {
  Record record = TwoVariants(1);
  record.variants[1].status = "failed";
  record.variants[1].error = "model.safetensors: row 7 cannot be read";
  record.comparisons = CompareVariants(record, DesignSection{});
  const std::string table = SummaryTable(record);
  EXPECT_THAT(table, HasSubstr("failed: model.safetensors: row 7"));
  EXPECT_THAT(table, Not(HasSubstr("12.0")));
}

}  // namespace summary_table_test
}  // namespace plelab
