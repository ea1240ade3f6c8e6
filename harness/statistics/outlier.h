// Values that are far from the others.
#pragma once

#include <span>
#include <vector>

namespace plelab {

// How far from the median a value must be, in robust standard deviations (1.4826 × the median absolute
// deviation) and as a share of the median.  Of ten normal values one is so in 0.2 % of all series, of five
// in 1 to 4 % (tests/harness/statistics/outlier_test.cpp).
inline constexpr double kFarDeviations = 10, kFarShare = 0.02;
// Among fewer values, none is far.
inline constexpr int kLeastForFar = 5;

// For each of `values`, which are above 0, its ratio to their median if it is far from it, else 0.  The
// median and its deviation hold as long as more than half of the values are like each other (Rousseeuw &
// Croux, Journal of the American Statistical Association 88, 1993).
std::vector<double> FarFromMedian(std::span<const double> values);

}  // namespace plelab
