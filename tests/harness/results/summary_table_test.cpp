// The table at the end: what it says, what it leaves out, how wide it is.
#include "harness/results/summary_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "harness/comparison/comparison.h"

namespace plelab {
namespace summary_table_test {

using ::testing::ContainsRegex;
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
  EXPECT_THAT(table, HasSubstr("yes/unknown"));
  EXPECT_THAT(table, HasSubstr("+2.000 ±0.000"));
  EXPECT_THAT(table, HasSubstr("differences to resident (± 95 %), margin 1 %"));
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

TEST(SummaryTable, TheVerdictOfTheMarginStandsBesideEachDifference) {
  Record record = TwoVariants(6);
  for (ComparisonRow& row : record.comparisons) {
    if (row.statistic == "mean_difference") row.verdict = "undecided";
    if (row.statistic == "median_difference") row.verdict = "fail";
  }
  EXPECT_THAT(
      SummaryTable(record),
      ContainsRegex("disk .*2\\.000 ±0\\.000 undecided +12\\.0 +\\+2\\.000 ±0\\.000 +fail +\\+20\\.0"));
}

TEST(SummaryTable, EachBaselineHasItsHeadingAndItsControlAndWhatFailedComesFirst) {
  Record record = TwoVariants(6);
  for (const std::string name : {"other", "other@control", "resident@control"}) {
    VariantRow variant = record.variants[0];
    variant.variant = name;
    variant.baseline = name == "resident@control" ? "resident" : "other";
    variant.group = name == "resident@control" ? "" : "mapped";
    record.variants.push_back(variant);
  }
  for (const std::string baseline : {"other", "resident"}) {
    for (const std::string statistic : {"mean_difference", "carry_over"}) {
      ComparisonRow row;
      row.metric = "step_ns";
      row.baseline = baseline;
      row.variant = baseline + kControlSuffix;
      row.statistic = statistic;
      row.value = 200;
      row.low = -1100;
      row.high = 1600;
      row.control = 1;
      row.p_corrected = baseline == "resident" && statistic == "carry_over" ? 0.001 : 0.5;
      record.comparisons.push_back(row);
    }
  }
  const std::string table = SummaryTable(record);
  EXPECT_EQ(table.find("CONTROL FAILED: no comparison with resident counts"), 0) << table;
  EXPECT_THAT(table, HasSubstr("control: other's twin +0.2 µs [-1.1, 1.6]; no carry-over"));
  EXPECT_THAT(table, HasSubstr("group mapped: differences to other\n"));
  EXPECT_THAT(table, Not(HasSubstr("\nother@control")));
}

// Two variants, resident's twin, and one row of what its control says.
Record WithControl(const std::string& status, const std::string& statistic, double value,
                   double p_corrected) {
  Record record = TwoVariants(6);
  VariantRow twin = record.variants[0];
  twin.variant = "resident@control";
  twin.baseline = "resident";
  twin.status = status;
  record.variants.push_back(twin);
  ComparisonRow row;
  row.metric = "step_ns";
  row.baseline = "resident";
  row.variant = statistic == "carry_over" ? "disk" : twin.variant;
  row.statistic = statistic;
  row.value = value;
  row.control = 1;
  row.p_corrected = p_corrected;
  record.comparisons.push_back(row);
  return record;
}

TEST(SummaryTable, ATwinWhoseTurnsWereNotRecordedIsShownAndSaysSo) {
  EXPECT_THAT(SummaryTable(WithControl("done", "mean_difference", 200, 0.5)),
              HasSubstr("control: resident's twin +0.2 µs; carry-over not tested"));
}

TEST(SummaryTable, ACarryOverWhoseTwinFailedIsSaidAllTheSame) {
  const std::string table = SummaryTable(WithControl("failed", "carry_over", 5000, 0.001));
  EXPECT_EQ(table.find("CONTROL FAILED: no comparison with resident counts"), 0) << table;
  EXPECT_THAT(table, HasSubstr("control: resident's twin failed; disk is +5 µs off its mean behind another"));
}

TEST(SummaryTable, AControlWithALongNameIsSaidInTwoLinesAndNotCutOff) {
  Record record = TwoVariants(6);
  const std::string name = "cached_with_a_long_name@dtype=float32,threads=2";
  for (VariantRow& variant : record.variants) variant.baseline = name;
  record.variants[0].variant = name + kControlSuffix;
  for (const std::string statistic : {"mean_difference", "carry_over"}) {
    ComparisonRow row;
    row.metric = "step_ns";
    row.variant = row.baseline = name;
    row.statistic = statistic;
    row.value = 12'345'600;
    row.low = 10'345'600;
    row.high = 14'345'600;
    row.control = 1;
    row.p_corrected = 0.0001;
    record.comparisons.push_back(row);
  }
  EXPECT_THAT(
      SummaryTable(record),
      ContainsRegex(
          "twin \\+12345\\.6 µs \\[10345\\.6, 14345\\.6\\];\n  cached.* is \\+12346 µs off its mean behind "
          "another \\(p 0\\.0001\\)\n"));
}

TEST(SummaryTable, NamesTheRepetitionsThatAreFlagged) {
  Record record = TwoVariants(6);
  EXPECT_THAT(SummaryTable(record), Not(HasSubstr("flagged")));
  for (RepRow& rep : record.reps) {
    if (rep.rep == 3) rep.flag = "CPU pressure 41 %";
    if (rep.rep == 4 && rep.variant == "disk") rep.flag = "steps twice as long as elsewhere";
  }
  EXPECT_THAT(SummaryTable(record),
              HasSubstr("\nrepetition 3 flagged: CPU pressure 41 %\nrepetition 4 flagged: steps twice as "
                        "long as elsewhere\nmeasure again when the machine is idle\n"));
}

TEST(SummaryTable, ADifferenceThatPredecessorsOrStallsMadeSaysSo) {
  Record record = TwoVariants(6);
  for (ComparisonRow& row : record.comparisons) {
    if (row.statistic == "tail_share") row.value = 0.87;
  }
  ComparisonRow direct;
  direct.metric = "step_ns";
  direct.variant = "disk";
  direct.baseline = "resident";
  direct.statistic = "direct_difference";
  direct.value = 1.5e6;
  direct.low = 1.4e6;
  direct.high = 1.6e6;
  std::erase_if(record.comparisons, [](const auto& row) { return row.statistic == "direct_difference"; });
  record.comparisons.push_back(direct);
  EXPECT_THAT(SummaryTable(record),
              HasSubstr("\n  Δ mean freed of predecessors +1.500 ±0.100; 87 % of Δ mean is from the slowest "
                        "1 % of steps\n"));
}

TEST(SummaryTable, WhatWasNotMeasuredHasNoColumn) {
  Record record = TwoVariants(6);
  EXPECT_THAT(SummaryTable(record), Not(HasSubstr("nats")));
  EXPECT_THAT(SummaryTable(record), Not(HasSubstr("hits")));
  AccuracyRow row;
  row.variant = "disk";
  row.metric = "delta_nats";
  row.value = 0.25;
  record.accuracy.push_back(row);
  EXPECT_THAT(SummaryTable(record), HasSubstr("Δ nats"));
  EXPECT_THAT(SummaryTable(record), HasSubstr("+0.250"));
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
  for (RepRow& rep : record.reps) rep.flag = std::string(200, 'y');
  record.variants[1].group = std::string(80, 'g');
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
