// Student's t: the interval of a mean of few independent values (W. S. Gosset, Biometrika 6, 1908).
#pragma once

#include <cstdint>
#include <span>

#include "harness/support/statistics.h"

namespace plelab {

// Below this many repetitions there is no interval: with fewer, the t quantile exceeds 3, and nothing shows
// whether repetitions are alike.
inline constexpr int64_t kLeastReps = 5;

// P(T ≤ t) for `dof` > 0 degrees of freedom.
double StudentCdf(double t, double dof);
// The t with StudentCdf(t, dof) = p; p in (0, 1).
double StudentQuantile(double p, double dof);

// The sample variance, Σ (x − mean)² / (n − 1); NaN below two values.
double Variance(std::span<const double> values);

// A mean with its interval and the two-sided p-value of the hypothesis that it is 0.
struct TestedMean {
  Interval interval;
  double p = 0;
};
// The mean of independent `values` with its interval of confidence `level`.  The interval and p are NaN below
// kLeastReps values.  When all values are equal the interval has no width, and p is 1 if they are 0, else 0.
TestedMean MeanOfReps(std::span<const double> values, double level = 0.95);

}  // namespace plelab
