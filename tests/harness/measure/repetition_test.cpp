// What passes between two turns: the device settles, the table is evicted, a fixed time passes, then the
// timed step.
#include "harness/measure/repetition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace repetition_test {

using testing::FakeClock;
using testing::TinyRun;

const char* const kResidentAndDisk =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";
const char* const kCold = "page_cache: {initial: cold, maintain: evict_each_step, verify: false}\n";

// Loops that wait for a time end after a few readings of this clock.
constexpr int64_t kTickNs = 100'000'000;

// The repetition of resident and disk with two warm-up and eight measured steps.
std::vector<RepRow> Measure(const TinyRun& tiny, const std::string& settle,
                            const std::function<int64_t()>& in_flight) {
  const ExperimentConfig config =
      tiny.Config("warmup_steps: 2, reps: 1, control: false, settle: " + settle, kResidentAndDisk, kCold);
  const RunPlan plan = ResolvePlan(config);
  LoadedModel loaded = LoadModel(plan.config.model, plan.checkpoint);
  std::vector<Contestant> contestants;
  for (const int64_t v : {0, 1}) {
    const VariantPlan& variant = plan.variants[v];
    contestants.push_back(
        MakeContestant(plan, v, 0, loaded, DefaultSourceMaker()(variant.config, variant.table, {}), 0));
  }
  const FakeClock clock(kTickNs);
  RepetitionSetup setup{.rep = 0, .design = config.design, .threads = 1};
  setup.in_flight = in_flight;
  MeasureRepetition(contestants, plan.WorkOf(0, 0), setup);
  std::vector<RepRow> rows;
  for (const Contestant& contestant : contestants) {
    EXPECT_EQ(contestant.error, "");
    EXPECT_EQ(contestant.rep.valid_steps, 8);
    rows.push_back(contestant.rep);
  }
  return rows;
}

TEST(Repetition, EveryTurnWaitsForTheDeviceWhoeverItsIs) {
  int asked = 0;
  for (const RepRow& row : Measure(TinyRun(), "200us", [&] { return ++asked, 0; }))
    EXPECT_EQ(row.unsettled_steps, 0) << row.variant;
  EXPECT_EQ(asked, 2 * (1 + 10)) << "prompt, warm-up and measured steps of both";
}

TEST(Repetition, StepsThatDidNotSettleAreCounted) {
  for (const RepRow& row : Measure(TinyRun(), "200us", [] { return 1; }))
    EXPECT_EQ(row.unsettled_steps, 8) << row.variant << ": the measured ones";
}

TEST(Repetition, WithoutSettlingNobodyAsksTheDevice) {
  int asked = 0;
  for (const RepRow& row : Measure(TinyRun(), "0us", [&] { return ++asked; }))
    EXPECT_EQ(row.unsettled_steps, 0);
  EXPECT_EQ(asked, 0);
}

TEST(Repetition, SaysHowLongItLastedAndWhatItWaitedForCores) {
  for (const RepRow& row : Measure(TinyRun(), "200us", [] { return 0; })) {
    EXPECT_GE(row.wall_ns, 2 * (1 + 10) * kTickNs) << "each turn reads the clock";
    EXPECT_GE(row.involuntary_switches, 0);
    EXPECT_FALSE(row.cpu_pressure_us < 0) << "NaN where the kernel has no PSI";
  }
}

}  // namespace repetition_test
}  // namespace plelab
