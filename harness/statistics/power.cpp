#include "harness/statistics/power.h"

#include <cmath>

#include "harness/statistics/student.h"

namespace plelab {

double DetectableDifference(double deviation, int64_t reps) {
  constexpr double kTwoSided = 0.975, kPower = 0.8;
  if (reps < kLeastReps) return kNan;
  const auto dof = static_cast<double>(reps - 1);
  const double multiple = StudentQuantile(kTwoSided, dof) + StudentQuantile(kPower, dof);
  return multiple * deviation / std::sqrt(static_cast<double>(reps));
}

}  // namespace plelab
