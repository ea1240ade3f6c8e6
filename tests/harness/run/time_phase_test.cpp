// How repetitions are spread over processes.
#include "harness/run/time_phase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

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

}  // namespace time_phase_test
}  // namespace plelab
