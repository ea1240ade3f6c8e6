#include "harness/statistics/bounded.h"

#include <algorithm>
#include <cmath>

namespace plelab {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;

}  // namespace

Interval WilsonInterval(double share, int64_t n) {
  if (n < 1) return {share, kNan, kNan};
  const double z2 = kNormalQuantile * kNormalQuantile, count = static_cast<double>(n);
  const double middle = (share + z2 / (2 * count)) / (1 + z2 / count);
  const double half =
      kNormalQuantile / (1 + z2 / count) * std::sqrt(share * (1 - share) / count + z2 / (4 * count * count));
  return {share, std::max(middle - half, 0.0), std::min(middle + half, 1.0)};
}

Interval LogInterval(double mean, double half_width) {
  if (!(mean > 0) || std::isnan(half_width)) return {mean, kNan, kNan};
  const double factor = std::exp(half_width / mean);
  return {mean, mean / factor, mean * factor};
}

}  // namespace plelab
