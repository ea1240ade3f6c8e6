// Waits against closed forms: one read, servers in rounds, order statistics, windows, groups and a limit.
#include "model/law/exposed_wait.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/base/error.h"
#include "model/law/placement_law.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace exposed_wait_test {

constexpr int64_t kSteps = 40'000;

// `units` at a time, each read keeps its unit busy all the time.
DeviceProfile Device(LatencyDistribution latency, int64_t units) {
  DeviceProfile profile;
  profile.parallel_units = units;
  profile.iops = static_cast<double>(units) / latency.mean_us() * 1e6;
  profile.read_latency = std::move(latency);
  profile.bandwidth_bytes_per_s = 4096e9;
  return profile;
}
DeviceProfile Constant(int64_t units) { return Device(LatencyDistribution({{0, 100}, {1, 100}}), units); }

WaitingSteps Steps(DeviceProfile device, int32_t reads, double window_ms) {
  return {.device = std::move(device),
          .read_bytes = 4096,
          .queue_depth = 64,
          .step_ms = 10,
          .window_ms = {window_ms},
          .reads = AlwaysMissing({reads})};
}

double MeanWait(const WaitingSteps& steps) {
  const auto waits = ExposedWaitsUs(steps, kSteps, 1);
  return std::accumulate(waits.begin(), waits.end(), 0.0) / static_cast<double>(waits.size());
}

TEST(ExposedWait, IsWhatTheWindowDoesNotHide) {
  EXPECT_NEAR(MeanWait(Steps(Constant(1), 1, 0)), 100, 0.1);
  EXPECT_NEAR(MeanWait(Steps(Constant(1), 1, 0.03)), 70, 0.1);
  EXPECT_EQ(MeanWait(Steps(Constant(1), 1, 0.2)), 0);
  EXPECT_EQ(MeanWait(Steps(Constant(1), 0, 0)), 0);
}

TEST(ExposedWait, ReadsQueueForTheUnits) {
  EXPECT_NEAR(MeanWait(Steps(Constant(1), 8, 0)), 800, 0.1);
  EXPECT_NEAR(MeanWait(Steps(Constant(4), 8, 0)), 200, 0.1);
  WaitingSteps one_thread = Steps(Constant(4), 8, 0);
  one_thread.queue_depth = 1;
  EXPECT_NEAR(MeanWait(one_thread), 800, 0.1);
  one_thread.queue_depth = 2;
  EXPECT_NEAR(MeanWait(one_thread), 400, 0.1);
}

// The maximum of m draws that are uniform between 100 and 101 µs (nearly: the logarithm is uniform).
TEST(ExposedWait, IsTheLastOfReadsThatGoOnAtTheSameTime) {
  const DeviceProfile device = Device(LatencyDistribution({{0, 100}, {1, 101}}), 64);
  for (const int32_t m : {1, 4, 16, 48}) {
    EXPECT_NEAR(MeanWait(Steps(device, m, 0)), 100 + m / (m + 1.0), 0.02) << m;
  }
}

// E[max(0, T − W)] of T = exp(uniform), in closed form.
TEST(ExposedWait, TheTailBeyondTheWindowIsWhatCosts) {
  const double low = 50, high = 5000, window = 1000;
  const DeviceProfile device = Device(LatencyDistribution({{0, low}, {1, high}}), 1);
  const double span = std::log(high / low), beyond = std::log(high / window);
  const double expected = (high - window - window * beyond) / span;
  EXPECT_NEAR(MeanWait(Steps(device, 1, window / 1e3)) / expected, 1, 0.03);
}

TEST(ExposedWait, AWaitForOneGroupGivesTheNextOneTime) {
  WaitingSteps steps = Steps(Constant(1), 0, 0);
  steps.reads = AlwaysMissing({2, 3});
  steps.window_ms = {0.05, 0.3};
  // Two reads are done at 200 µs: 150 µs late.  Five at 500 µs, needed at 300 + 150.
  EXPECT_NEAR(MeanWait(steps), 150 + 50, 0.1);
  steps.window_ms = {0.05, 0.4};
  EXPECT_NEAR(MeanWait(steps), 150, 0.1);
}

TEST(ExposedWait, RowsAreCollectedWhileOthersAreAwaited) {
  WaitingSteps steps = Steps(Constant(1), 8, 0);
  steps.collect_us = 30;
  EXPECT_NEAR(MeanWait(steps), 800 + 30, 0.1) << "only the last row is collected after its wait";
  steps.collect_us = 150;
  EXPECT_NEAR(MeanWait(steps), 100 + 8 * 150, 0.1) << "the device is never behind";
  steps.window_ms = {2};
  EXPECT_NEAR(MeanWait(steps), 8 * 150, 0.1) << "all rows are there, and nothing hides the collecting";
}

TEST(ExposedWait, ALimitOfTheKernelBindsOnlyStepsThatComeFasterThanIt) {
  DeviceProfile limited = Constant(64);
  limited.limit_iops = 1000;
  limited.limit_slice_ms = 100;
  WaitingSteps steps = Steps(limited, 20, 1);
  // 20 reads each 10 ms are twice the limit: a step takes 20 ms on average.
  EXPECT_NEAR(MeanWait(steps) / 10'000, 1, 0.02);
  steps.pause_ms = 15;
  EXPECT_NEAR(MeanWait(steps), 0, 1);
}

class HeldRows : public EvictionPolicy {
 public:
  explicit HeldRows(int64_t capacity) : EvictionPolicy(capacity) {}

 protected:
  void Used(int32_t) override {}
  int32_t ChooseVictim(int64_t) override { return kNone; }
  void Entered(int32_t) override {}
};

TEST(StepReads, CountsDistinctRowsThatNothingHolds) {
  const std::vector<AskedRows> text = {{{1, 2}}, {{1, 3}}, {{3, 3, 4, 4}}, {{1, 2}}};
  const auto rows_of_step = [&](int64_t step) { return text[step]; };
  HeldRows nothing(0), some(2);
  const StepReads without = CountStepReads(rows_of_step, 4, 0, nothing);
  EXPECT_EQ(without.reads, (std::vector<std::vector<int32_t>>{{2}, {2}, {2}, {2}}));
  EXPECT_DOUBLE_EQ(without.rows_per_step, 2.5);
  EXPECT_DOUBLE_EQ(without.hit_rate, 0);
  const StepReads with = CountStepReads(rows_of_step, 4, 1, some);  // holds 1 and 2
  EXPECT_EQ(with.reads, (std::vector<std::vector<int32_t>>{{1}, {2}, {0}}));
  EXPECT_DOUBLE_EQ(with.hit_rate, 3.0 / 8);
}

TEST(PlacementLaw, AddsTheMachinesCostAndTheIntervalOfItsErrors) {
  const PlacementQuestion question{.steps = Steps(Constant(1), 3, 0.1)};
  const LawConstants constants{.step_us = 5,
                               .row_us = 2,
                               .collect_us = 3,
                               .kib_us = 1,
                               .mean_error_units = 0.5,
                               .p99_error_units = 2,
                               .fitted_to = "x"};
  const PlacementPrediction law = Predict(question, constants);
  const double delta_ms =
      (200 + 3 + 4 + 5 + 3 * 2) / 1e3;  // 4 KiB of the last row are collected after its wait
  EXPECT_NEAR(law.delta_ms.value, delta_ms, 1e-4);
  EXPECT_NEAR(law.delta_ms.high - law.delta_ms.value, 0.5 * 0.05, 1e-4);  // 0.5 % of 10 ms is more than 10 %
  EXPECT_NEAR(law.p99_delta_ms.value - law.p99_delta_ms.low, 2 * 0.05, 1e-4);
  EXPECT_NEAR(law.tokens_per_s.value, 1e3 / (10 + delta_ms), 1e-3);
  EXPECT_LT(law.tokens_per_s.low, law.tokens_per_s.high);
  EXPECT_EQ(law.waiting_steps, 1);
  EXPECT_EQ(law.reads_per_step, 3);
}

TEST(LawConstants, AreReadStrictly) {
  const std::string text =
      "step_us: 1.5\nrow_us: 0\ncollect_us: 2\nkib_us: 0.1\nmean_error_units: 0.4\np99_error_units: "
      "1\nfitted_to: "
      "\"a.h5\"\n";
  const TempFile file(std::as_bytes(std::span(text)));
  EXPECT_EQ(ReadLawConstants(file.path()).step_us, 1.5);
  EXPECT_EQ(ReadLawConstants(file.path()).fitted_to, "a.h5");
  const std::string wrong = "step_us: -1\n";
  const TempFile other(std::as_bytes(std::span(wrong)));
  EXPECT_THROW(ReadLawConstants(other.path()), UserError);
}

}  // namespace exposed_wait_test
}  // namespace plelab
