// Medians, percentiles and bootstrap intervals; closed forms in the tests.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plelab {

// A value with its 95 % interval.  low and high are NaN where the data cannot tell (fewer than two blocks).
struct Interval {
  double value = 0, low = 0, high = 0;
};

// NaN when empty.
double Mean(std::span<const double> x);
// Linear interpolation between order statistics (numpy's default); q in [0, 1].  NaN when empty.
double Quantile(std::span<const double> x, double q);

// Mean with a 95 % percentile interval of the circular block bootstrap (Politis & Romano 1992): resampled
// blocks of `block` consecutive values keep the correlation of neighbouring steps or tokens.  block ≥ 1; the
// same seed gives the same interval on every machine.
Interval BlockBootstrapMean(std::span<const double> x, int64_t block, int64_t resamples, uint64_t seed);
// Paired: per repetition a series of step differences or log ratios; resamples repetitions, then step blocks
// inside each.  The value is the mean over all steps.  With one repetition only the steps vary.
Interval PairedBootstrapMean(const std::vector<std::vector<double>>& per_rep, int64_t block,
                             int64_t resamples, uint64_t seed);

// Σ above / Σ below, with the 95 % interval of pairs drawn with replacement: bits per byte over documents.
// REQUIRES both have one length.  low and high are NaN with fewer than two pairs or no resamples.
Interval BootstrapRatio(std::span<const double> above, std::span<const double> below, int64_t resamples,
                        uint64_t seed);

// The same of neighbours: blocks of `block` consecutive pairs are resampled together, around the end.
// REQUIRES both have one length.  NaN when empty or Σ below is 0.
Interval BlockBootstrapRatio(std::span<const double> above, std::span<const double> below, int64_t block,
                             int64_t resamples, uint64_t seed);

}  // namespace plelab
