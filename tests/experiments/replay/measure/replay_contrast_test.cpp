#include "experiments/replay/measure/replay_contrast.h"

#include <gtest/gtest.h>

#include <cmath>

namespace plelab {
namespace {

// `reps` repetitions of `steps` steps; step i of the baseline takes 1000 + i ns, the variant's takes longer
// by 100 + 10 · rep, the twin as long as the baseline.
ReplayResult Made(int64_t reps, int64_t steps) {
  ReplayResult result{.baseline_name = "resident", .variant_name = "disk", .twin_name = "resident@control"};
  result.rows_checked = true;
  for (int64_t rep = 0; rep < reps; ++rep) {
    for (int64_t step = 0; step < steps; ++step) {
      for (const auto& [name, more] :
           {std::pair{"resident", int64_t{0}}, {"disk", 100 + 10 * rep}, {"resident@control", int64_t{0}}}) {
        ReplayStepRow row{.variant = name, .rep = rep, .step = step, .step_ns = 1000 + step + more};
        row.wait_ns = more;
        row.bytes_moved = more;
        result.steps.push_back(row);
      }
    }
  }
  return result;
}

TEST(ReplayContrast, DifferencesArePairedAndTheirIntervalIsOverRepetitions) {
  const auto contrasts = ContrastsOf(Made(5, 10), 0.01);
  ASSERT_EQ(contrasts.size(), 3u);
  const Interval difference = contrasts[1].difference_ns;
  EXPECT_DOUBLE_EQ(difference.value, 120);
  // 100, 110, …, 140: a deviation of √250, and t = 2.776 with 4 degrees of freedom.
  EXPECT_NEAR(difference.high - difference.value, 2.7764 * std::sqrt(250.0 / 5), 1e-3);
  EXPECT_DOUBLE_EQ(contrasts[2].difference_ns.value, 0);
  EXPECT_TRUE(std::isnan(contrasts[0].difference_ns.value));
}

// One stalled step of ten moves the mean of its repetition by a tenth of the stall, and the median not at
// all.
TEST(ReplayContrast, AStallMovesTheMeanAndNotTheMedian) {
  ReplayResult result = Made(5, 10);
  result.steps[1].step_ns += 100'000;
  const auto contrasts = ContrastsOf(result, 0.01);
  EXPECT_DOUBLE_EQ(contrasts[1].difference_ns.value, 120 + 100'000.0 / 10 / 5);
  EXPECT_DOUBLE_EQ(contrasts[1].median_difference_ns.value, 120);
  EXPECT_TRUE(std::isnan(contrasts[0].median_difference_ns.value));
}

TEST(ReplayContrast, TheMarginIsAShareOfTheBaselinesStep) {
  const auto verdict = [](double margin) { return ContrastsOf(Made(5, 10), margin)[1].verdict; };
  EXPECT_EQ(verdict(0.01), Verdict::kFail);       // 120 of 1004.5 ns
  EXPECT_EQ(verdict(0.12), Verdict::kUndecided);  // [100.4, 139.6]
  EXPECT_EQ(verdict(0.15), Verdict::kPass);
  EXPECT_EQ(ContrastsOf(Made(5, 10), 0.01)[2].verdict, Verdict::kPass);
}

TEST(ReplayContrast, FourRepetitionsDecideNothing) {
  const auto contrast = ContrastsOf(Made(4, 10), 0.01)[1];
  EXPECT_TRUE(std::isnan(contrast.difference_ns.low));
  EXPECT_EQ(contrast.verdict, Verdict::kUndecided);
}

TEST(ReplayContrast, ANinetyNinthPercentileNeedsAThousandSteps) {
  EXPECT_TRUE(std::isnan(ContrastsOf(Made(5, 204), 0.01)[1].p99_ns.value));
  const auto contrasts = ContrastsOf(Made(5, 205), 0.01);
  EXPECT_FALSE(std::isnan(contrasts[1].p99_ns.value));
  const Interval tail = contrasts[1].p99_difference_ns;
  EXPECT_DOUBLE_EQ(tail.value, contrasts[1].p99_ns.value - contrasts[0].p99_ns.value);
  EXPECT_TRUE(tail.low <= tail.value && tail.value <= tail.high);
  EXPECT_DOUBLE_EQ(contrasts[2].p99_difference_ns.value, 0);
}

TEST(ReplayContrast, MeansAreOfAllSteps) {
  const auto contrasts = ContrastsOf(Made(5, 11), 0.01);
  EXPECT_DOUBLE_EQ(contrasts[0].mean_ns, 1005);
  EXPECT_DOUBLE_EQ(contrasts[0].p50_ns, 1005);
  EXPECT_DOUBLE_EQ(contrasts[1].wait_ns, 120);
  EXPECT_DOUBLE_EQ(contrasts[1].bytes_moved, 120);
  EXPECT_EQ(contrasts[1].steps, 55);
}

TEST(ReplayContrast, BytesThatTheKernelDoesNotTellAreNotANumber) {
  ReplayResult result = Made(5, 10);
  result.steps[7].bytes_moved = -1;
  EXPECT_TRUE(std::isnan(ContrastsOf(result, 0.01)[1].bytes_moved));
}

}  // namespace
}  // namespace plelab
