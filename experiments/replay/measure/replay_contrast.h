// What the steps of a replay say: times, differences, and whether placement costs more than a margin.
#pragma once

#include <string>
#include <vector>

#include "experiments/replay/measure/replay_run.h"
#include "harness/statistics/student.h"
#include "harness/statistics/verdict.h"

namespace plelab {

// Of one participant, against the baseline.  Times in ns; the differences of the baseline itself are NaN.
struct ReplayContrast {
  std::string variant = {}, baseline = {};
  bool control = false;  // the baseline's twin
  int64_t reps = 0, steps = 0;
  double mean_ns = 0, p50_ns = 0;
  Interval p99_ns = {};  // of all steps; NaN below kStepsForP99 of them (harness/statistics/tail.h)
  // Mean over repetitions of the paired differences of steps at the same position, with Student's interval.
  Interval difference_ns = {};
  // The same of medians: of each repetition the median of its paired differences, which stalls do not move.
  Interval median_difference_ns = {};
  // p99 minus the baseline's p99; the interval is that of whole repetitions drawn with replacement, the same
  // ones for both.
  Interval p99_difference_ns = {};
  double margin = 0;  // as a share of the baseline's mean step
  Verdict verdict = Verdict::kUndecided;
  double wait_ns = 0, hidden_ns = 0;                        // means of a step
  double lookups = 0, hits = 0;                             // means of a step
  double read_calls = 0, bytes_asked = 0, bytes_moved = 0;  // means of a step; bytes_moved NaN: unknown
};

// The baseline, the variant and the twin, in this order.  margin: such as 0.01, stated before measuring.
std::vector<ReplayContrast> ContrastsOf(const ReplayResult& result, double margin);

}  // namespace plelab
