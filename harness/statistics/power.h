// The smallest difference that a planned measurement would find.
#pragma once

#include <cstdint>

namespace plelab {

// The minimum detectable effect (H. S. Bloom, Evaluation Review 19, 1995): the true mean difference that a
// two-sided test at 5 % over `reps` paired repetitions finds with a probability of 80 %,
//   (t_0.975 + t_0.8) · deviation / √reps   with reps − 1 degrees of freedom,
// where `deviation` is the standard deviation of the repetitions' differences, in whose unit the result is.
// NaN below kLeastReps repetitions, which give no interval.
double DetectableDifference(double deviation, int64_t reps);

}  // namespace plelab
