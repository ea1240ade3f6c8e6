// The stop rule waits for every variant, whichever is the last that is known well enough.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/plan/run_plan.h"
#include "harness/run/time_phase.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace stop_rule_test {

using testing::TinyRun;

constexpr int64_t kStepNs = 1'000'000;
const char* const kVariants =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n"
    "  - {name: mapped, ple: {strategy: disk, backend: mmap}}\n"
    "  - {name: dropped, ple: {strategy: dropped}}\n";
const std::vector<std::string> kNames = {"resident", "disk", "mapped", "dropped"};

// Whether `reps` repetitions are enough when the step of `variant` is slower by `wobble_ns` in every other
// one, and all other times are equal.
bool Enough(const TinyRun& tiny, const std::string& design, int64_t reps, const std::string& variant,
            int64_t wobble_ns) {
  const RunPlan plan = ResolvePlan(tiny.Config(design, kVariants));
  const testing::TemporaryFolder folder;
  PartStore parts(folder.path(), kNames);
  for (int64_t rep = 0; rep < reps; ++rep) {
    for (size_t v = 0; v < kNames.size(); ++v) {
      Record part;
      for (int64_t step = 0; step < 8; ++step) {
        StepRow row;
        row.variant = kNames[v];
        row.rep = rep;
        row.step = step;
        row.step_ns = kStepNs + (kNames[v] == variant && rep % 2 == 1 ? wobble_ns : 0);
        part.steps.push_back(row);
      }
      parts.Put({Phase::kTime, static_cast<int64_t>(v), rep}, std::move(part));
    }
  }
  ModelShelf models;
  const PhaseContext context{plan, parts, models, DefaultSourceMaker()};
  return EnoughRepetitions(context, plan.groups.at(0), reps);
}

const char* const kOnePercent =
    "warmup_steps: 0, reps: 10, memory_reps: 0, control: false, stop: {rel_half_width: 0.01, max_reps: 20}";

TEST(StopRule, WaitsForEachVariant) {
  const TinyRun tiny;
  EXPECT_TRUE(Enough(tiny, kOnePercent, 10, "", 0));
  for (const std::string& name : kNames) {
    EXPECT_FALSE(Enough(tiny, kOnePercent, 10, name, 500'000)) << name << " is not known to 1 %";
  }
}

// Ten differences of 0 and w in turn: a half width of 2.2622 · (w √(10/9) / 2) / √10 = 0.37703 w.
TEST(StopRule, EndsAtTheWidthThatWasAskedForAndNotBefore) {
  const TinyRun tiny;
  EXPECT_NEAR(2.2621572 * std::sqrt(10.0 / 9) / 2 / std::sqrt(10.0), 0.37703, 1e-5);
  EXPECT_TRUE(Enough(tiny, kOnePercent, 10, "mapped", 26'000)) << "0.98 %";
  EXPECT_FALSE(Enough(tiny, kOnePercent, 10, "mapped", 27'000)) << "1.02 %";
}

TEST(StopRule, WithoutAWidthTheRepetitionsDecide) {
  const TinyRun tiny;
  const std::string design = "warmup_steps: 0, reps: 3, memory_reps: 0, control: false";
  EXPECT_FALSE(Enough(tiny, design, 2, "disk", 500'000));
  EXPECT_TRUE(Enough(tiny, design, 3, "disk", 500'000));
}

TEST(StopRule, GivesUpAtMaxReps) {
  const TinyRun tiny;
  EXPECT_FALSE(Enough(tiny, kOnePercent, 19, "disk", 500'000));
  EXPECT_TRUE(Enough(tiny, kOnePercent, 20, "disk", 500'000));
}

}  // namespace stop_rule_test
}  // namespace plelab
