// How long the steps of two results took, variant by variant.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "harness/statistics/verdict.h"

namespace plelab {

// One variant in results A and B.  Times are ns of a step, means over repetitions of the repetitions' means;
// intervals are 95 %, and NaN below kLeastReps repetitions in a result.
//
// The repetitions of two results ran at different times, so they are no pairs: the intervals are Welch's.
// Where the repetitions of both read the same stretches of the text, each a different one (told by the ids
// of their tokens), what a stretch costs is common to both, and repetitions of equal stretches are pairs:
// Student's interval of their differences.  Neither interval covers what differs between two runs as a whole
// (where memory lies, other work on the machine): two runs of one build show how much that is.
struct StepDifference {
  std::string variant, baseline;
  int64_t reps_a = 0, reps_b = 0;
  bool paired = false;
  double mean_a_ns = 0, mean_b_ns = 0;
  Interval difference_ns;  // B − A
  Interval ratio;          // B ÷ A, of geometric means over repetitions
  // Of the ratio, and of the difference with the margin as a share of A's mean; undecided where they differ.
  Verdict verdict = Verdict::kUndecided;
  // What the variant costs over its baseline, in A and in B, and the difference of the two: a machine that
  // was slower for all by the same time does not change it.  NaN for a baseline, and where the two name
  // different baselines.
  double cost_a_ns = kNotMeasured, cost_b_ns = kNotMeasured;
  Interval cost_difference_ns{kNotMeasured, kNotMeasured, kNotMeasured};
  Verdict cost_verdict = Verdict::kUndecided;  // its margin is a share of the baseline's mean in A
};

// For each variant that both timed and neither lost, in the order of `a`; the twins of baselines are left
// out.  `margin` is a share of a step.  Where a control failed in either, all verdicts are undecided.
std::vector<StepDifference> CompareSteps(const Record& a, const Record& b, double margin);

// True when the run's own control says that its times decide nothing (/meta control).
bool ControlFailed(const Record& record);

}  // namespace plelab
