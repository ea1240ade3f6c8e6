#include "model/devices/latency_distribution.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace {

// The mean of exp(linear) between two latencies.
double MeanBetween(double low_us, double high_us) {
  const double ratio = high_us / low_us;
  if (ratio < 1 + 1e-9) return low_us;
  return (high_us - low_us) / std::log(ratio);
}

}  // namespace

LatencyDistribution::LatencyDistribution(std::vector<Knot> knots) : knots_(std::move(knots)) {
  const auto is_no_step = [](const Knot& a, const Knot& b) {
    return !(a.us > 0 && a.us <= b.us && std::isfinite(b.us) && a.probability < b.probability);
  };
  const bool whole = knots_.size() >= 2 && knots_.front().probability == 0 && knots_.back().probability == 1;
  if (!whole || std::ranges::adjacent_find(knots_, is_no_step) != knots_.end()) {
    throw RunError("a latency distribution needs ascending quantiles from probability 0 to 1");
  }
  for (size_t i = 1; i < knots_.size(); ++i) {
    const double weight = knots_[i].probability - knots_[i - 1].probability;
    mean_us_ += weight * MeanBetween(knots_[i - 1].us, knots_[i].us);
  }
}

double LatencyDistribution::Quantile(double probability) const {
  const double p = std::clamp(probability, 0.0, 1.0);
  const auto high = std::ranges::lower_bound(knots_, p, {}, &Knot::probability);
  if (high == knots_.begin()) return knots_.front().us;
  const Knot& a = *(high - 1);
  const double part = (p - a.probability) / (high->probability - a.probability);
  return a.us * std::pow(high->us / a.us, part);
}

}  // namespace plelab
