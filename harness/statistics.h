// Medians, percentiles and bootstrap intervals; closed forms in the tests.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plelab {

struct Interval {
  double value = 0, low = 0, high = 0;  // 95 %
};

double Mean(std::span<const double> x);
// Linear interpolation between order statistics (numpy's default); q in [0, 1].  NaN when empty.
double Quantile(std::span<const double> x, double q);
// Mean with a 95 % interval from resampled blocks of `block` consecutive values.
Interval BlockBootstrapMean(std::span<const double> x, int64_t block, int64_t resamples, uint64_t seed);
// Paired: per repetition a series of step differences or log ratios; resamples repetitions, then step blocks.
Interval PairedBootstrapMean(const std::vector<std::vector<double>>& per_rep, int64_t block, int64_t resamples,
                             uint64_t seed);

}  // namespace plelab
