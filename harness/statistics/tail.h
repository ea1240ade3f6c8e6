// The slow end of a distribution of step times.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/statistics/student.h"

namespace plelab {

using Series = std::vector<double>;  // the step times of one repetition

// The fewest steps, over all repetitions, that determine a 99th percentile: ten steps beyond it.
inline constexpr int64_t kStepsForP99 = 1024;
// A difference of 99th percentiles needs as many in each of this many repetitions.
inline constexpr int64_t kRepsForP99Difference = 10;

// The 99th percentile of all steps, with the percentile interval of whole repetitions drawn with replacement.
// NaN below kStepsForP99 steps; no interval below kLeastReps repetitions.
Interval P99(const std::vector<Series>& reps, int64_t resamples, uint64_t seed);
// The mean over repetitions of p99(variant) − p99(baseline), as MeanOfReps gives it.  NaN unless
// kRepsForP99Difference repetitions have kStepsForP99 steps each.
TestedMean P99Difference(const std::vector<Series>& variant, const std::vector<Series>& baseline);

// What the slowest 1 % of the steps of each side carry of the difference of their means: 0 when it stays the
// same without them, 1 when it vanishes.  A mean that a few stalls made has an interval that promises more
// than it can hold.  NaN where the means are equal, and below 100 steps, which have no slowest hundredth.
double TailShare(const std::vector<Series>& variant, const std::vector<Series>& baseline);

}  // namespace plelab
