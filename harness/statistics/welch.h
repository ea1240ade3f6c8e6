// The difference of two means whose values are not paired (B. L. Welch, Biometrika 34, 1947).
#pragma once

#include <span>

#include "harness/statistics/student.h"

namespace plelab {

// Mean(b) − Mean(a) with its interval of confidence `level`, and the two-sided p-value of the hypothesis that
// the true means are equal.  The variances of the two sides may differ; the degrees of freedom are
// Satterthwaite's (Biometrics Bulletin 2, 1946).  The interval and p are NaN where a side has fewer than
// kLeastReps values.  When neither side varies the interval has no width, and p is 1 if the means are equal,
// else 0.
TestedMean UnpairedDifference(std::span<const double> a, std::span<const double> b, double level = 0.95);

}  // namespace plelab
