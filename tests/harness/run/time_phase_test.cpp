// How repetitions are spread over processes.
#include "harness/run/time_phase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "harness/run/side_by_side.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace time_phase_test {

using ::testing::ElementsAre;

std::vector<int64_t> ProcessesOf(int64_t processes, int64_t reps, int64_t up_to) {
  DesignSection design;
  design.processes = processes;
  design.reps = reps;
  std::vector<int64_t> all;
  for (int64_t rep = 0; rep < up_to; ++rep) all.push_back(ProcessOf(design, rep));
  return all;
}

TEST(TimePhase, RepetitionsAreSpreadEvenlyOverProcesses) {
  EXPECT_THAT(ProcessesOf(3, 10, 10), ElementsAre(0, 0, 0, 0, 1, 1, 1, 2, 2, 2));
  EXPECT_THAT(ProcessesOf(2, 3, 3), ElementsAre(0, 0, 1));
  EXPECT_THAT(ProcessesOf(1, 3, 3), ElementsAre(0, 0, 0));
}

TEST(TimePhase, NoProcessIsWithoutARepetition) { EXPECT_THAT(ProcessesOf(3, 2, 2), ElementsAre(0, 1)); }

TEST(TimePhase, WhatTheStopRuleAddsGoesToFurtherProcesses) {
  EXPECT_THAT(ProcessesOf(3, 4, 9), ElementsAre(0, 0, 1, 2, 3, 3, 4, 4, 5));
}

// A process that was killed between two parts of a repetition leaves the first.
TEST(TimePhase, HalfARepetitionIsForgottenAndAWholeOneKept) {
  const testing::TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config("warmup_steps: 0, reps: 2, memory_reps: 0",
                                               "  - {name: resident, ple: {strategy: resident}}\n"
                                               "  - {name: disk, ple: {strategy: disk}}\n"));
  const testing::TemporaryFolder folder;
  PartStore parts(folder.path(), {"resident", "disk", "resident@control"});
  for (const auto& [variant, rep] : {std::pair{0, 0}, {1, 0}, {2, 0}, {0, 1}}) {
    Record part;
    StepRow row;
    row.variant = plan.variants[variant].name();
    row.rep = rep;
    row.step_ns = 7;
    part.steps.push_back(row);
    parts.Put({Phase::kTime, variant, rep}, std::move(part));
  }
  ModelShelf models;
  PhaseContext context{plan, parts, models, DefaultSourceMaker()};
  ForgetBrokenRepetitions(context, plan.groups.at(0), {0, 0, 2});
  EXPECT_TRUE(HasRepetition(context, plan.groups.at(0), 0));
  EXPECT_FALSE(parts.Has({Phase::kTime, 0, 1}));
  parts.Refresh();
  EXPECT_TRUE(parts.Has({Phase::kTime, 0, 1})) << "its file stays until it is written anew";
}

}  // namespace time_phase_test
}  // namespace plelab
