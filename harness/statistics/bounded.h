// 95 % intervals of quantities that have limits: shares and positive means.
#pragma once

#include <cstdint>

#include "harness/support/statistics.h"

namespace plelab {

// Wilson's interval of a share of `n` independent documents, which stays within [0, 1] (Wilson, Probable
// Inference, the Law of Succession, and Statistical Inference, 1927).  NaN for n < 1.
Interval WilsonInterval(double share, int64_t n);

// The interval mean · exp(±half_width / mean) of a mean that cannot be negative: `half_width` is that of the
// symmetric interval, and the delta method gives that of the logarithm.  No bounds (NaN) where the mean is
// not positive or `half_width` is NaN.
Interval LogInterval(double mean, double half_width);

}  // namespace plelab
