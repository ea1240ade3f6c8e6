// A file whose comparisons are not what its steps say is found, whichever column was changed.
#include "harness/comparison/comparison_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "harness/comparison/comparison.h"
#include "harness/comparison/control.h"
#include "harness/config/experiment_config.h"
#include "harness/plan/turn_order.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace comparison_check_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A run of a, b and a's twin: six repetitions of twelve steps, and what they give under `yaml`.
Record Timed(const std::string& yaml) {
  const std::vector<std::string> names = {"a", "b", "a@control"};
  const std::vector<int64_t> live = {0, 1, 2};
  Record record;
  for (const std::string& name : names) {
    VariantRow variant;
    variant.variant = name;
    variant.baseline = "a";
    record.variants.push_back(variant);
  }
  for (int64_t rep = 0; rep < 6; ++rep) {
    TurnOrder order(Order::kWilliams, 3, 1, rep);
    std::string last = names[order.Next(live).back()];
    for (int64_t step = 0; step < 12; ++step) {
      for (const int64_t v : order.Next(live)) {
        StepRow row;
        row.variant = names[v];
        row.predecessor = last;
        row.rep = rep;
        row.step = step;
        row.step_ns = 1'000'000 + 7'000 * ((step * 5 + v * 3 + rep) % 11) + (v == 1 ? 20'000 * (rep + 1) : 0);
        record.steps.push_back(row);
        last = names[v];
      }
    }
    for (const std::string& name : names) {
      RepRow row;
      row.variant = name;
      row.rep = rep;
      row.ttft_ns = 3'000'000 + 1'000 * rep + (name == "b" ? 500 * rep : 0);
      row.prefill_ns = 2'000'000 + 700 * rep - (name == "b" ? 300 * rep : 0);
      record.reps.push_back(row);
    }
  }
  record.comparisons = CompareVariants(record, ParseExperimentConfig(yaml, "x.yaml").design);
  record.meta = {{"config_yaml", yaml}, {"control", ControlOutcome(record.comparisons)}};
  return record;
}

class ComparisonCheck : public ::testing::Test {
 protected:
  std::vector<std::string> AfterA(const std::function<void(ComparisonRow&)>& change) const {
    Record record = record_;
    const auto row = std::ranges::find_if(record.comparisons, [](const ComparisonRow& r) {
      return r.variant == "b" && r.statistic == "mean_difference" && r.metric == "step_ns";
    });
    change(*row);
    return ComparisonProblems(record);
  }

  const testing::TinyRun tiny_;
  const Record record_ = Timed(tiny_.Yaml("warmup_steps: 0, reps: 6, memory_reps: 0, margin: 2%",
                                          "  - {name: a, ple: {strategy: resident}}\n"
                                          "  - {name: b, ple: {strategy: disk}}\n"));
};

TEST_F(ComparisonCheck, FindsNothingWhereTheStepsGiveWhatTheFileSays) {
  EXPECT_FALSE(record_.comparisons.empty());
  EXPECT_THAT(ComparisonProblems(record_), IsEmpty());
  EXPECT_THAT(ComparisonProblems(Record{}), IsEmpty()) << "nothing was compared";
}

TEST_F(ComparisonCheck, EveryColumnCounts) {
  const std::pair<const char*, std::function<void(ComparisonRow&)>> changes[] = {
      {"value", [](ComparisonRow& r) { r.value *= 1.0001; }},
      {"low", [](ComparisonRow& r) { r.low *= 1.0001; }},
      {"high", [](ComparisonRow& r) { r.high *= 0.9999; }},
      {"margin", [](ComparisonRow& r) { r.margin *= 1.0001; }},
      {"p", [](ComparisonRow& r) { r.p += 0.0001; }},
      {"p that is not there", [](ComparisonRow& r) { r.p = kNan; }},
      {"p_corrected", [](ComparisonRow& r) { r.p_corrected = 0.5; }},
      {"reps", [](ComparisonRow& r) { ++r.reps; }},
      {"steps", [](ComparisonRow& r) { --r.steps; }},
      {"verdict", [](ComparisonRow& r) { r.verdict = r.verdict == "pass" ? "fail" : "pass"; }},
      {"control", [](ComparisonRow& r) { r.control = 1; }}};
  for (const auto& [column, change] : changes) {
    EXPECT_THAT(AfterA(change), ElementsAre(HasSubstr("mean_difference of 'b' step_ns: the steps give")))
        << column;
  }
  EXPECT_THAT(AfterA([](ComparisonRow& r) { r.value *= 1 + 1e-8; }), IsEmpty()) << "other last bits";
}

TEST_F(ComparisonCheck, RowsThatAreMissingOrTooMany) {
  Record less = record_;
  less.comparisons.pop_back();
  EXPECT_THAT(ComparisonProblems(less), ElementsAre(HasSubstr("is missing")));
  Record more = record_;
  more.comparisons.push_back(more.comparisons.front());
  EXPECT_THAT(ComparisonProblems(more),
              ElementsAre(HasSubstr(Format("expected {} rows, found {}", record_.comparisons.size(),
                                           record_.comparisons.size() + 1))));
}

TEST_F(ComparisonCheck, ATableThatWasEmptiedIsMissed) {
  Record record = record_;
  record.comparisons.clear();
  EXPECT_EQ(ComparisonProblems(record).size(), record_.comparisons.size());
  record.meta.pop_back();  // control
  EXPECT_THAT(ComparisonProblems(record), IsEmpty()) << "a file of version 1 has neither";
}

TEST_F(ComparisonCheck, WhomItCallsDisturbedCounts) {
  Record record = record_;
  const auto row = std::ranges::find(record.comparisons, "carry_over", &ComparisonRow::statistic);
  ASSERT_NE(row, record.comparisons.end());
  row->variant = row->variant == "a" ? "b" : "a";
  EXPECT_THAT(ComparisonProblems(record), ElementsAre(HasSubstr("comparisons: carry_over of")));
}

TEST_F(ComparisonCheck, TheOutcomeOfTheControl) {
  Record record = record_;
  ASSERT_EQ(MetaValue(record.meta, "control"), "passed");
  record.meta[1].second = "failed";
  EXPECT_THAT(ComparisonProblems(record),
              ElementsAre("meta: control: the steps give 'passed', found 'failed'"));
}

TEST_F(ComparisonCheck, AStepThatWasChangedShows) {
  Record record = record_;
  record.steps[5].step_ns += 1'000'000;
  EXPECT_FALSE(ComparisonProblems(record).empty());
}

}  // namespace comparison_check_test
}  // namespace plelab
