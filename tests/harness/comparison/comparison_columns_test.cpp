// Every column of /tables/comparisons, from repetitions whose statistics are known and differ.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/comparison/comparison.h"
#include "harness/comparison/control.h"
#include "harness/plan/turn_order.h"
#include "harness/statistics/student.h"

namespace plelab {
namespace comparison_columns_test {

constexpr int64_t kReps = 6, kSteps = 10;
const std::vector<std::string> kNames = {"a", "slow", "fast", "a@control"};

// Steps of 10 ms; `slow` takes 1 ms more and 0.2 ms more with each repetition, `fast` 2 ms less.
Record Timed() {
  Record record;
  for (const std::string& name : kNames) {
    VariantRow variant;
    variant.variant = name;
    variant.baseline = "a";
    record.variants.push_back(variant);
  }
  const std::vector<int64_t> live = {0, 1, 2, 3};
  for (int64_t rep = 0; rep < kReps; ++rep) {
    TurnOrder order(Order::kWilliams, 4, 2, rep);
    std::string last;
    for (int64_t step = 0; step < kSteps; ++step) {
      for (const int64_t v : order.Next(live)) {
        StepRow row;
        row.variant = kNames[v];
        row.predecessor = last;
        row.rep = rep;
        row.step = step;
        row.step_ns = 10'000'000 + (v == 1 ? 1'000'000 + 200'000 * rep : v == 2 ? -2'000'000 : 0);
        record.steps.push_back(row);
        last = kNames[v];
      }
    }
    for (size_t v = 0; v < kNames.size(); ++v) {
      RepRow row;
      row.variant = kNames[v];
      row.rep = rep;
      row.ttft_ns = 50'000'000 + (v == 1 ? 5'000'000 + 1'000 * rep : 0);
      row.prefill_ns = 40'000'000 - (v == 2 ? 4'000'000 : 0);
      record.reps.push_back(row);
    }
  }
  return record;
}

ComparisonRow Find(const std::vector<ComparisonRow>& rows, const std::string& metric,
                   const std::string& variant, const std::string& statistic) {
  const auto matches = [&](const ComparisonRow& r) {
    return r.metric == metric && r.variant == variant && r.statistic == statistic;
  };
  EXPECT_EQ(std::ranges::count_if(rows, matches), 1) << metric << " " << variant << " " << statistic;
  const auto row = std::ranges::find_if(rows, matches);
  return row == rows.end() ? ComparisonRow{} : *row;
}

TEST(ComparisonColumns, OfADifference) {
  const auto rows = CompareVariants(Timed(), DesignSection{});
  const ComparisonRow row = Find(rows, "step_ns", "slow", "mean_difference");
  const TestedMean expected = MeanOfReps(std::vector<double>{1e6, 1.2e6, 1.4e6, 1.6e6, 1.8e6, 2e6});
  EXPECT_EQ(row.baseline, "a");
  EXPECT_NEAR(row.value, expected.interval.value, 1e-3);
  EXPECT_NEAR(row.low, expected.interval.low, 1e-3);
  EXPECT_NEAR(row.high, expected.interval.high, 1e-3);
  EXPECT_NEAR(row.p, expected.p, 1e-12);
  EXPECT_EQ(row.reps, kReps);
  EXPECT_EQ(row.steps, kReps * kSteps);
  EXPECT_NEAR(row.margin, 1e5, 1e-3);
  EXPECT_EQ(row.control, 0);
  EXPECT_EQ(row.verdict, "fail");
  EXPECT_TRUE(std::isnan(row.p_corrected)) << "no test of the design";
  EXPECT_NEAR(Find(rows, "step_ns", "slow", "median_difference").value, 1.5e6, 1e-3);
  EXPECT_TRUE(std::isnan(Find(rows, "step_ns", "slow", "median_difference").p));
}

TEST(ComparisonColumns, OfARatioFromBothSides) {
  const auto rows = CompareVariants(Timed(), DesignSection{});
  const ComparisonRow fast = Find(rows, "step_ns", "fast", "ratio"),
                      same = Find(rows, "step_ns", "a@control", "ratio");
  EXPECT_NEAR(fast.value, 0.8, 1e-12);
  EXPECT_EQ(fast.verdict, "fail") << "faster by more than the margin";
  EXPECT_EQ(Find(rows, "step_ns", "fast", "mean_difference").verdict, "fail");
  EXPECT_EQ(same.value, 1);
  EXPECT_EQ(same.verdict, "pass");
  EXPECT_EQ(same.control, 1);
  EXPECT_EQ(same.margin, 0.01);
  const ComparisonRow slow = Find(rows, "step_ns", "slow", "ratio");
  EXPECT_LT(slow.low, slow.value);
  EXPECT_LT(slow.value, slow.high);
  std::vector<double> logs;
  for (const double ms : {11.0, 11.2, 11.4, 11.6, 11.8, 12.0}) logs.push_back(std::log(ms / 10));
  EXPECT_NEAR(slow.low, std::exp(MeanOfReps(logs).interval.low), 1e-9);
  EXPECT_NEAR(slow.high, std::exp(MeanOfReps(logs).interval.high), 1e-9);
  EXPECT_NEAR(slow.p, MeanOfReps(logs).p, 1e-12);
}

TEST(ComparisonColumns, OfATailThatTooFewStepsDetermine) {
  const auto rows = CompareVariants(Timed(), DesignSection{});
  const ComparisonRow p99 = Find(rows, "step_ns", "slow", "p99_difference");
  EXPECT_TRUE(std::isnan(p99.value));
  EXPECT_EQ(p99.verdict, "undecided");
  EXPECT_NEAR(p99.margin, 1e5, 1e-3);
  const ComparisonRow share = Find(rows, "step_ns", "slow", "tail_share");
  EXPECT_TRUE(std::isnan(share.value)) << "60 steps have no hundredth";
  EXPECT_TRUE(std::isnan(share.margin) && std::isnan(share.low) && std::isnan(share.high));
  EXPECT_EQ(share.verdict, "");
}

TEST(ComparisonColumns, OfWhatIsTimedOncePerRepetition) {
  const auto rows = CompareVariants(Timed(), DesignSection{});
  const ComparisonRow ttft = Find(rows, "ttft_ns", "slow", "mean_difference");
  EXPECT_NEAR(ttft.value, 5'002'500, 1e-3);
  EXPECT_NEAR(ttft.margin, 5e5, 1e-3);
  EXPECT_EQ(ttft.verdict, "fail");
  EXPECT_EQ(ttft.reps, kReps);
  EXPECT_EQ(ttft.steps, kReps);
  EXPECT_NEAR(Find(rows, "prefill_ns", "fast", "mean_difference").value, -4e6, 1e-3);
  EXPECT_EQ(Find(rows, "prefill_ns", "slow", "mean_difference").verdict, "pass");
  for (const ComparisonRow& row : rows) {
    EXPECT_TRUE(row.metric == "step_ns" || row.statistic == "mean_difference" ||
                row.statistic == "median_difference" || row.statistic == "ratio")
        << row.statistic;
  }
}

TEST(ComparisonColumns, OfAVariantItself) {
  const auto rows = CompareVariants(Timed(), DesignSection{});
  const ComparisonRow level = Find(rows, "step_ns", "slow", "mean");
  const Interval expected =
      MeanOfReps(std::vector<double>{11e6, 11.2e6, 11.4e6, 11.6e6, 11.8e6, 12e6}).interval;
  EXPECT_NEAR(level.value, 11.5e6, 1e-3);
  EXPECT_NEAR(level.low, expected.low, 1e-3);
  EXPECT_NEAR(level.high, expected.high, 1e-3);
  EXPECT_EQ(level.reps, kReps);
  EXPECT_EQ(level.steps, kReps * kSteps);
  EXPECT_EQ(level.verdict, "");
  EXPECT_TRUE(std::isnan(level.margin) && std::isnan(level.p));
  EXPECT_TRUE(std::isnan(Find(rows, "step_ns", "slow", "p99").value)) << "60 steps";
  EXPECT_EQ(Find(rows, "step_ns", "a", "mean").value, 10e6);
}

// The first turn of each repetition has no predecessor.
TEST(ComparisonColumns, OfCarryOver) {
  const auto rows = CarryOverRows(Timed(), 4);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].metric, "step_ns");
  EXPECT_EQ(rows[0].statistic, "carry_over");
  EXPECT_EQ(rows[0].baseline, "a");
  EXPECT_EQ(rows[0].variant, "a") << "nobody deviates";
  EXPECT_EQ(rows[0].value, 0);
  EXPECT_EQ(rows[0].p, 1);
  EXPECT_EQ(rows[0].reps, kReps);
  EXPECT_EQ(rows[0].steps, kReps * (4 * kSteps - 1));
  EXPECT_EQ(rows[0].control, 1);
}

TEST(ComparisonColumns, OnlyRepetitionsThatBothHaveAreCompared) {
  Record record = Timed();
  std::erase_if(record.steps, [](const StepRow& s) { return s.variant == "slow" && s.rep == 5; });
  const auto rows = CompareVariants(record, DesignSection{});
  EXPECT_NEAR(Find(rows, "step_ns", "slow", "mean_difference").value, 1.4e6, 1e-3);
  EXPECT_EQ(Find(rows, "step_ns", "slow", "mean_difference").reps, 5);
  EXPECT_EQ(Find(rows, "step_ns", "slow", "mean_difference").steps, 5 * kSteps);
  EXPECT_EQ(Find(rows, "step_ns", "fast", "mean_difference").reps, 6);
}

// A control that fails at a corrected p-value below 1 % and not at it, of one baseline and not of another.
TEST(ComparisonColumns, ControlsDecideForTheirBaselineAlone) {
  const auto row = [](const char* baseline, const char* statistic, double p, int64_t control,
                      const char* verdict) {
    ComparisonRow r;
    r.metric = "step_ns";
    r.baseline = baseline;
    r.statistic = statistic;
    r.p = p;
    r.control = control;
    r.verdict = verdict;
    return r;
  };
  std::vector<ComparisonRow> rows = {row("a", "mean_difference", 0.002, 1, "fail"),
                                     row("a", "mean_difference", 1e-9, 0, "fail"),
                                     row("b", "mean_difference", 0.005, 1, "pass"),
                                     row("b", "carry_over", 0.04, 1, ""), row("b", "ratio", 1e-9, 1, "pass")};
  ApplyControls(rows);
  EXPECT_NEAR(rows[0].p_corrected, 0.006, 1e-12) << "three tests";
  EXPECT_NEAR(rows[2].p_corrected, 0.01, 1e-12) << "at the level, not below it";
  EXPECT_NEAR(rows[3].p_corrected, 0.04, 1e-12);
  EXPECT_TRUE(std::isnan(rows[1].p_corrected) && std::isnan(rows[4].p_corrected));
  EXPECT_EQ(rows[0].verdict, "undecided");
  EXPECT_EQ(rows[1].verdict, "undecided");
  EXPECT_EQ(rows[2].verdict, "pass");
  EXPECT_EQ(rows[3].verdict, "") << "what has no verdict gets none";
  EXPECT_EQ(ControlOutcome(rows), "failed");
  rows.erase(rows.begin());
  EXPECT_EQ(ControlOutcome(rows), "passed");
  EXPECT_EQ(ControlOutcome({rows[0]}), "none");
}

}  // namespace comparison_columns_test
}  // namespace plelab
