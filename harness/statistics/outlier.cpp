#include "harness/statistics/outlier.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "harness/support/statistics.h"

namespace plelab {
namespace {

constexpr double kMadToDeviation = 1.4826;  // for a normal distribution: 1 / Φ⁻¹(¾)

}  // namespace

std::vector<double> FarFromMedian(std::span<const double> values) {
  std::vector<double> ratios(values.size(), 0.0);
  if (std::ssize(values) < kLeastForFar) return ratios;
  const double median = Quantile(values, 0.5);
  std::vector<double> deviations;
  for (const double value : values) deviations.push_back(std::fabs(value - median));
  const double deviation = kMadToDeviation * Quantile(deviations, 0.5);
  const double far = std::max(kFarDeviations * deviation, kFarShare * median);
  for (size_t i = 0; i < values.size(); ++i) {
    if (deviations[i] > far) ratios[i] = values[i] / median;
  }
  return ratios;
}

}  // namespace plelab
