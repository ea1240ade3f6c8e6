#include "harness/statistics/welch.h"

#include <algorithm>
#include <cmath>

namespace plelab {

TestedMean UnpairedDifference(std::span<const double> a, std::span<const double> b, double level) {
  const double difference = Mean(b) - Mean(a);
  if (std::min(std::ssize(a), std::ssize(b)) < kLeastReps) return {{difference, kNan, kNan}, kNan};
  const auto dof_a = static_cast<double>(a.size() - 1), dof_b = static_cast<double>(b.size() - 1);
  const double of_a = Variance(a) / static_cast<double>(a.size());
  const double of_b = Variance(b) / static_cast<double>(b.size());
  const double error = std::sqrt(of_a + of_b);
  if (error == 0) return {{difference, difference, difference}, difference == 0 ? 1.0 : 0.0};
  const double dof = (of_a + of_b) * (of_a + of_b) / (of_a * of_a / dof_a + of_b * of_b / dof_b);
  const double half_width = StudentQuantile((1 + level) / 2, dof) * error;
  return {{difference, difference - half_width, difference + half_width},
          2 * StudentCdf(-std::fabs(difference) / error, dof)};
}

}  // namespace plelab
