// Medians, percentiles and bootstrap intervals.  The tests compare them with closed forms.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace plelab {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A value with its 95 % interval. low and high are NaN when the data do not determine them (fewer than two
// blocks).
struct Interval {
  double value = 0, low = 0, high = 0;
};

// NaN when x is empty.
double Mean(std::span<const double> x);
// Interpolates linearly between order statistics (numpy's default); q in [0, 1].  NaN when x is empty.
double Quantile(std::span<const double> x, double q);

// Mean with the 95 % percentile interval of the circular block bootstrap (Politis & Romano 1992): resampling
// blocks of `block` ≥ 1 consecutive values preserves the correlation of neighbouring steps or tokens.  The
// same seed gives the same interval on every machine.
Interval BlockBootstrapMean(std::span<const double> x, int64_t block, int64_t resamples, uint64_t seed);
// Paired: `per_rep` has for each repetition a series of step differences or log ratios.  Resamples
// repetitions, then blocks of steps within each.  The value is the mean over all steps.  With one repetition
// only the steps vary.
Interval PairedBootstrapMean(const std::vector<std::vector<double>>& per_rep, int64_t block,
                             int64_t resamples, uint64_t seed);

// Σ above / Σ below with the 95 % interval of pairs drawn with replacement, for bits per byte over documents.
// REQUIRES that both have the same length. low and high are NaN with fewer than two pairs or without
// resamples.
Interval BootstrapRatio(std::span<const double> above, std::span<const double> below, int64_t resamples,
                        uint64_t seed);

// The same for correlated neighbours: blocks of `block` consecutive pairs are resampled together, wrapping
// around the end.  REQUIRES that both have the same length.  NaN when they are empty or Σ below is 0.
Interval BlockBootstrapRatio(std::span<const double> above, std::span<const double> below, int64_t block,
                             int64_t resamples, uint64_t seed);

}  // namespace plelab
