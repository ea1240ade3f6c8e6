// Expected intervals: closed forms with Student's quantiles from tables.
#include "harness/results/step_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/harness/results/two_results.h"

namespace plelab {
namespace step_difference_test {

using testing::SetMeta;
using testing::StepNs;
using testing::TimedRecord;

constexpr double kT4 = 2.7764451051977934;  // t_0.975 with 4 degrees of freedom

StepDifference RowOf(const std::vector<StepDifference>& rows, const std::string& variant) {
  const auto row = std::ranges::find(rows, variant, &StepDifference::variant);
  if (row != rows.end()) return *row;
  ADD_FAILURE() << "no row of " << variant;
  return {};
}

// resident takes 1 ms, disk 1.5 ms and `more_ns` more; both vary by `rep_ns` from one repetition to the next.
StepNs Ns(int64_t more_ns, int64_t rep_ns) {
  return [=](const std::string& variant, int64_t rep, int64_t step) {
    const int64_t own = variant == "disk" ? 1'500'000 + more_ns : 1'000'000;
    return own + rep * rep_ns + (step % 2 == 0 ? 100 : -100);
  };
}

TEST(StepDifference, WithoutPairsItIsWelchs) {
  const Record a = TimedRecord({.ns = Ns(0, 10'000)}), b = TimedRecord({.ns = Ns(60'000, 10'000)});
  const std::vector<StepDifference> rows = CompareSteps(a, b, 0.02);
  ASSERT_EQ(rows.size(), 2u) << "the twin is left out";
  const StepDifference disk = RowOf(rows, "disk");
  EXPECT_FALSE(disk.paired);
  EXPECT_NEAR(disk.mean_a_ns, 1'520'000, 1e-6);
  EXPECT_NEAR(disk.mean_b_ns, 1'580'000, 1e-6);
  EXPECT_NEAR(disk.difference_ns.value, 60'000, 1e-6);
  // Equal variances of (0 … 4) · 10 µs, 250 µs², in five repetitions each: 8 degrees of freedom.
  const double half = 2.306004135204166 * std::sqrt(2 * 2.5e8 / 5);
  EXPECT_NEAR(disk.difference_ns.low, 60'000 - half, 1e-3);
  EXPECT_NEAR(disk.difference_ns.high, 60'000 + half, 1e-3);
  EXPECT_EQ(disk.reps_a, 5);
}

TEST(StepDifference, WhereEachRepetitionReadsItsOwnTextTheyArePairs) {
  const StepNs slower = [](const std::string& variant, int64_t rep, int64_t step) {
    return Ns(60'000 + 1'000 * rep, 10'000)(variant, rep, step);
  };
  const Record a = TimedRecord({.own_stretches = true, .ns = Ns(0, 10'000)});
  Record b = TimedRecord({.own_stretches = true, .ns = slower});
  const StepDifference disk = RowOf(CompareSteps(a, b, 0.02), "disk");
  EXPECT_TRUE(disk.paired);
  EXPECT_NEAR(disk.difference_ns.value, 62'000, 1e-6);
  EXPECT_NEAR(disk.difference_ns.high - disk.difference_ns.value, kT4 * std::sqrt(2.5e6 / 5), 1e-3);
  // A pair is one stretch of the text, whatever number its repetition has.
  for (StepRow& step : b.steps) step.rep = 4 - step.rep;
  const StepDifference turned = RowOf(CompareSteps(a, b, 0.02), "disk");
  EXPECT_NEAR(turned.difference_ns.high, disk.difference_ns.high, 1e-6);
  // Another stretch in one of them, and there are no pairs.
  for (StepRow& step : b.steps) step.token_id += step.rep == 2 ? 7 : 0;
  EXPECT_FALSE(RowOf(CompareSteps(a, b, 0.02), "disk").paired);
}

TEST(StepDifference, TheRatioIsThatOfGeometricMeansAndDecidesByTheMargin) {
  const StepNs base = Ns(0, 0);
  const auto times = [&](double factor) {
    return TimedRecord({.ns = [=](const std::string& variant, int64_t rep, int64_t step) {
      const double wobble = std::pow(1.001, static_cast<double>(rep - 2));
      return std::llround(static_cast<double>(base(variant, 0, step)) * factor * wobble);
    }});
  };
  const Record a = times(1);
  const StepDifference slower = RowOf(CompareSteps(a, times(1.1), 0.02), "disk");
  EXPECT_NEAR(slower.ratio.value, 1.1, 1e-6);
  // Logs of 1.001^(−2 … 2): variance 2.5 · ln² 1.001, eight degrees of freedom.
  const double half = 2.306004135204166 * std::log(1.001) * std::sqrt(2 * 2.5 / 5);
  EXPECT_NEAR(slower.ratio.low, 1.1 * std::exp(-half), 1e-6);
  EXPECT_NEAR(slower.ratio.high, 1.1 * std::exp(half), 1e-6);
  EXPECT_EQ(slower.verdict, Verdict::kFail);
  EXPECT_EQ(RowOf(CompareSteps(a, times(0.9), 0.02), "disk").verdict, Verdict::kFail) << "faster counts too";
  EXPECT_EQ(RowOf(CompareSteps(a, times(1.001), 0.02), "disk").verdict, Verdict::kPass);
  EXPECT_EQ(RowOf(CompareSteps(a, times(1.02), 0.02), "disk").verdict, Verdict::kUndecided);
}

TEST(StepDifference, WhatAVariantCostsIsComparedWithoutTheMachinesOwnSpeed) {
  // In B all steps take 0.3 ms longer, and disk another 50 µs.
  const StepNs in_b = [](const std::string& variant, int64_t rep, int64_t step) {
    return Ns(50'000 + (variant == "disk" ? 2'000 * rep : 0), 10'000)(variant, rep, step) + 300'000;
  };
  const Record a = TimedRecord({.ns = Ns(0, 10'000)}), b = TimedRecord({.ns = in_b});
  const std::vector<StepDifference> rows = CompareSteps(a, b, 0.02);
  const StepDifference disk = RowOf(rows, "disk");
  EXPECT_NEAR(disk.cost_a_ns, 500'000, 1e-6);
  EXPECT_NEAR(disk.cost_b_ns, 554'000, 1e-6);
  EXPECT_NEAR(disk.cost_difference_ns.value, 54'000, 1e-6);
  // A's costs do not vary, so Welch's degrees of freedom are B's four.
  EXPECT_NEAR(disk.cost_difference_ns.high - 54'000, kT4 * std::sqrt(4e6 * 2.5 / 5), 1e-3);
  EXPECT_EQ(disk.cost_verdict, Verdict::kFail) << "the margin is 2 % of 1.02 ms";
  EXPECT_NEAR(RowOf(rows, "resident").difference_ns.value, 300'000, 1e-6);
  EXPECT_TRUE(std::isnan(RowOf(rows, "resident").cost_difference_ns.value)) << "it is the baseline";
}

TEST(StepDifference, BelowFiveRepetitionsThereIsNoIntervalAndNoVerdict) {
  const Record a = TimedRecord({.ns = Ns(0, 10'000)});
  const Record b = TimedRecord({.reps = 4, .ns = Ns(900'000, 10'000)});
  const StepDifference disk = RowOf(CompareSteps(a, b, 0.02), "disk");
  EXPECT_GT(disk.ratio.value, 1.5);
  EXPECT_TRUE(std::isnan(disk.ratio.low));
  EXPECT_EQ(disk.verdict, Verdict::kUndecided);
  EXPECT_EQ(disk.cost_verdict, Verdict::kUndecided);
}

TEST(StepDifference, AFailedControlOnEitherSideDecidesNothing) {
  const Record a = TimedRecord({.ns = Ns(0, 0)}), b = TimedRecord({.ns = Ns(500'000, 0)});
  EXPECT_EQ(RowOf(CompareSteps(a, b, 0.02), "disk").verdict, Verdict::kFail);
  for (const bool in_a : {true, false}) {
    Record left = a, right = b;
    SetMeta(in_a ? left : right, "control", "failed");
    const StepDifference disk = RowOf(CompareSteps(left, right, 0.02), "disk");
    EXPECT_EQ(disk.verdict, Verdict::kUndecided);
    EXPECT_EQ(disk.cost_verdict, Verdict::kUndecided);
    EXPECT_FALSE(std::isnan(disk.ratio.low)) << "the numbers stay";
  }
}

TEST(StepDifference, NothingIsSetOffAgainstABaselineThatFailed) {
  const Record a = TimedRecord({.ns = Ns(0, 0)}), b = TimedRecord({.ns = Ns(500'000, 0)});
  for (const bool in_a : {true, false}) {
    Record left = a, right = b;
    (in_a ? left : right).variants[0].status = "failed";
    const StepDifference disk = RowOf(CompareSteps(left, right, 0.02), "disk");
    EXPECT_EQ(disk.verdict, Verdict::kFail) << "its own times are there";
    EXPECT_TRUE(std::isnan(disk.cost_a_ns) && std::isnan(disk.cost_difference_ns.value));
    EXPECT_EQ(disk.cost_verdict, Verdict::kUndecided);
  }
}

TEST(StepDifference, WhatFailedOrIsMissingInOneHasNoRow) {
  const Record a = TimedRecord({.ns = Ns(0, 0)});
  for (const bool in_a : {true, false}) {
    Record left = a, right = a;
    (in_a ? left : right).variants[1].status = "failed";
    EXPECT_EQ(CompareSteps(left, right, 0.02).size(), 1u);
  }
  Record without = a;
  std::erase_if(without.steps, [](const StepRow& step) { return step.variant == "disk"; });
  EXPECT_EQ(CompareSteps(a, without, 0.02).size(), 1u);
}

}  // namespace step_difference_test
}  // namespace plelab
