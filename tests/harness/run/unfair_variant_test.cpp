// A variant that leaves something behind for whoever comes next, in a whole run on a clock of the test's own:
// every step takes 100 ms and some noise, and a step behind the unfair variant takes longer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "harness/comparison/comparison_check.h"
#include "harness/comparison/control.h"
#include "harness/results/summary_table.h"
#include "tests/support/fake_clock.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace unfair_variant_test {

using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TinyRun;

constexpr int64_t kStepNs = 100'000'000, kNoiseNs = 2'000'000;

// Whose turn was last, and the noise of the machine.
struct Machine {
  int64_t left_behind_ns;    // what the variant mmap leaves for the next
  int64_t stalled_turn = 0;  // the turn, counted from 1, in which the machine stalls for a second
  int64_t turns = 0;
  std::string last = {};
  std::mt19937_64 random{7};
};

// Takes its turn on the machine.  Begin lies in the timed region.
class TurnTaker : public PleWrapper {
 public:
  TurnTaker(std::unique_ptr<PleSource> over, std::string name, Machine& machine)
      : PleWrapper(std::move(over)), name_(std::move(name)), machine_(machine) {}
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    std::normal_distribution<double> noise(5.0 * kNoiseNs, kNoiseNs);
    FakeClock::Add(std::llround(noise(machine_.random)));
    if (++machine_.turns == machine_.stalled_turn) FakeClock::Add(1'000'000'000);
    if (machine_.last == "mmap" && name_ != "mmap") FakeClock::Add(machine_.left_behind_ns);
    machine_.last = name_;
    return PleWrapper::Begin(ids);
  }

 private:
  std::string name_;
  Machine& machine_;
};

RunResult RunOn(Machine machine, const TinyRun& tiny) {
  const FakeClock clock(kStepNs);
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> warm_ids) {
    return std::make_unique<TurnTaker>(DefaultSourceMaker()(variant, table, warm_ids), variant.name, machine);
  };
  const std::string variants =
      "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n"
      "  - {name: mmap, ple: {strategy: disk, backend: mmap}}\n";
  return plelab::Run(
      tiny.Config("warmup_steps: 2, reps: 6, processes: 1, memory_reps: 0, settle: 0us, margin: 5%",
                  variants),
      options);
}

std::string VerdictOf(const Record& record, const std::string& variant) {
  for (const ComparisonRow& row : record.comparisons) {
    if (row.variant == variant && row.metric == "step_ns" && row.statistic == "mean_difference")
      return row.verdict;
  }
  return "none";
}

TEST(UnfairVariant, IsCaughtByTheRunItself) {
  const TinyRun tiny;
  const RunResult result = RunOn({.left_behind_ns = 3 * kNoiseNs}, tiny);
  EXPECT_FALSE(result.any_failed) << "the exit code stays 0";
  EXPECT_EQ(MetaValue(result.record.meta, "control"), "failed");
  EXPECT_EQ(VerdictOf(result.record, "disk"), "undecided");
  EXPECT_EQ(VerdictOf(result.record, "mmap"), "undecided");
  EXPECT_THAT(SummaryTable(result.record), HasSubstr("CONTROL FAILED"));
  EXPECT_THAT(ComparisonProblems(result.record), IsEmpty()) << "an honest failure is no problem of the file";
}

TEST(UnfairVariant, AMachineOnWhichNothingIsLeftBehindPasses) {
  const TinyRun tiny;
  const RunResult result = RunOn({.left_behind_ns = 0}, tiny);
  EXPECT_EQ(MetaValue(result.record.meta, "control"), "passed");
  EXPECT_EQ(VerdictOf(result.record, "disk"), "pass") << "noise of 2 % in 48 steps, a margin of 5 %";
  EXPECT_THAT(SummaryTable(result.record), Not(HasSubstr("CONTROL FAILED")));
}

TEST(UnfairVariant, AStalledRepetitionIsFlaggedAndStays) {
  const TinyRun tiny;
  // Four prompts and eight warm-up turns come first: the stall is in the first repetition's fifth step.
  const Record record = RunOn({.left_behind_ns = 0, .stalled_turn = 12 + 4 * 4 + 2}, tiny).record;
  int64_t flagged = 0;
  for (const RepRow& row : record.reps) {
    if (row.flag.find("slow") == std::string::npos) continue;
    ++flagged;
    EXPECT_EQ(row.rep, 0);
    EXPECT_THAT(row.flag, HasSubstr("slow: its mean step is 2."));  // (8 · 110 + 1000) / (8 · 110)
    EXPECT_EQ(row.valid_steps, 8);
  }
  EXPECT_EQ(flagged, 1) << "of the variant whose turn it was";
  EXPECT_EQ(std::ssize(record.steps), 4 * 6 * 8);
}

}  // namespace unfair_variant_test
}  // namespace plelab
