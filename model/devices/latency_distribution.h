// How long reads take: a distribution that is given by a few of its quantiles.
#pragma once

#include <vector>

namespace plelab {

// Between two knots the logarithm of the latency is linear in the probability, because latencies of storage
// spread over orders of magnitude.
class LatencyDistribution {
 public:
  struct Knot {
    double probability = 0, us = 0;
  };

  LatencyDistribution() = default;
  // knots: at least two, from probability 0 to 1 in ascending order, latencies above 0 and not descending.
  // Throws RunError otherwise.
  explicit LatencyDistribution(std::vector<Knot> knots);

  // In microseconds; 0 ≤ probability ≤ 1, values outside are cut off.  At a uniformly drawn probability it is
  // a draw of the distribution.
  double Quantile(double probability) const;
  double mean_us() const { return mean_us_; }
  const std::vector<Knot>& knots() const { return knots_; }

 private:
  std::vector<Knot> knots_;
  double mean_us_ = 0;
};

}  // namespace plelab
