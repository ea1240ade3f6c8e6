// Whether values grow or fall from one repetition to the next, without assuming a shape.
#pragma once

#include <span>

#include "harness/support/statistics.h"

namespace plelab {

// A trend with a two-sided p-value below this is flagged.
inline constexpr double kTrendLevel = 0.01;

struct Trend {
  // The median of the slopes of all pairs (P. K. Sen, JASA 63, 1968), in units of y per unit of x.
  double slope = kNan;
  // Two-sided, of the hypothesis that the order of the values says nothing (H. B. Mann, Econometrica 13,
  // 1945; M. G. Kendall).  Exact without ties, else by the normal approximation with corrected variance.
  double p = kNan;
};

// The trend of y over x; both have the same length, and x increases strictly.  The slope is NaN below two
// values, p below kLeastReps (student.h).
Trend TrendOf(std::span<const double> x, std::span<const double> y);

}  // namespace plelab
