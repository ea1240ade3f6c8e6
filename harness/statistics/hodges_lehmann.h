// The paired median: the Hodges–Lehmann estimate (Annals of Mathematical Statistics 34, 1963).
#pragma once

#include <span>

#include "harness/statistics/student.h"

namespace plelab {

// The median of all averages (x_i + x_j) / 2, i ≤ j, of `differences`, with the interval that Wilcoxon's
// signed-rank test inverts to; its coverage is at least `level` for symmetric differences.  A stalled
// repetition moves it little.  NaN without values; no interval below kLeastReps values, nor where so few
// cannot give one of this level.
Interval HodgesLehmann(std::span<const double> differences, double level = 0.95);

}  // namespace plelab
