#include "harness/support/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace plelab {
namespace {

// A random number in 0 … n − 1.  Not std::uniform_int_distribution, whose sequence differs between libraries.
// The bias of the remainder is below n / 2^64.
int64_t Draw(std::mt19937_64& random, int64_t n) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
}

// A series whose blocks can be summed in constant time.  Blocks wrap around the end.
class BlockSums {
 public:
  BlockSums(std::span<const double> x, int64_t block)
      : size_(std::ssize(x)), block_(std::clamp<int64_t>(block, 1, size_)) {
    prefix_.reserve(2 * x.size() + 1);
    prefix_.push_back(0);
    for (int round = 0; round < 2; ++round) {
      for (const double value : x) prefix_.push_back(prefix_.back() + value);
    }
  }

  int64_t size() const { return size_; }
  int64_t blocks() const { return size_ / block_; }  // blocks that do not overlap
  double Sum() const { return prefix_[size_]; }
  // The sum of size() values in randomly drawn blocks, the last of which is cut to fit.
  double DrawSum(std::mt19937_64& random) const {
    double sum = 0;
    for (int64_t left = size_; left > 0; left -= block_) {
      const int64_t start = Draw(random, size_);
      sum += prefix_[start + std::min(left, block_)] - prefix_[start];
    }
    return sum;
  }

 private:
  int64_t size_, block_;
  std::vector<double> prefix_;  // [2 · size + 1]
};

double Ratio(double above, double below) { return below > 0 ? above / below : kNan; }

Interval WithPercentileInterval(double value, const std::vector<double>& means) {
  return {value, Quantile(means, 0.025), Quantile(means, 0.975)};
}

}  // namespace

double Mean(std::span<const double> x) {
  if (x.empty()) return kNan;
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

double Quantile(std::span<const double> x, double q) {
  if (x.empty()) return kNan;
  std::vector<double> sorted(x.begin(), x.end());
  const double position = std::clamp(q, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  std::nth_element(sorted.begin(), sorted.begin() + below, sorted.end());
  if (below + 1 == sorted.size()) return sorted[below];
  const double above = *std::min_element(sorted.begin() + below + 1, sorted.end());
  return std::lerp(sorted[below], above, position - static_cast<double>(below));
}

Interval BlockBootstrapMean(std::span<const double> x, int64_t block, int64_t resamples, uint64_t seed) {
  return PairedBootstrapMean({{x.begin(), x.end()}}, block, resamples, seed);
}

Interval PairedBootstrapMean(const std::vector<std::vector<double>>& per_rep, int64_t block,
                             int64_t resamples, uint64_t seed) {
  std::vector<BlockSums> reps;
  double sum = 0;
  int64_t count = 0, blocks = 0;
  for (const auto& series : per_rep) {
    if (series.empty()) continue;
    const BlockSums& rep = reps.emplace_back(series, block);
    sum += rep.Sum();
    count += rep.size();
    blocks += rep.blocks();
  }
  if (reps.empty()) return {kNan, kNan, kNan};
  const double value = sum / static_cast<double>(count);
  if (blocks < 2 || resamples < 1) return {value, kNan, kNan};

  std::mt19937_64 random(seed);
  std::vector<double> means(static_cast<size_t>(resamples));
  for (double& mean : means) {
    double drawn_sum = 0;
    int64_t drawn_count = 0;
    for (size_t i = 0; i < reps.size(); ++i) {
      const BlockSums& rep = reps[Draw(random, std::ssize(reps))];
      drawn_sum += rep.DrawSum(random);
      drawn_count += rep.size();
    }
    mean = drawn_sum / static_cast<double>(drawn_count);
  }
  return WithPercentileInterval(value, means);
}

Interval BootstrapRatio(std::span<const double> above, std::span<const double> below, int64_t resamples,
                        uint64_t seed) {
  const double value = Ratio(std::accumulate(above.begin(), above.end(), 0.0),
                             std::accumulate(below.begin(), below.end(), 0.0));
  if (above.size() < 2 || resamples < 1) return {value, kNan, kNan};
  std::mt19937_64 random(seed);
  std::vector<double> ratios(static_cast<size_t>(resamples));
  for (double& drawn : ratios) {
    double numerator = 0, denominator = 0;
    for (size_t i = 0; i < above.size(); ++i) {
      const int64_t pair = Draw(random, std::ssize(above));
      numerator += above[pair];
      denominator += below[pair];
    }
    drawn = Ratio(numerator, denominator);
  }
  return WithPercentileInterval(value, ratios);
}

Interval BlockBootstrapRatio(std::span<const double> above, std::span<const double> below, int64_t block,
                             int64_t resamples, uint64_t seed) {
  if (above.empty()) return {kNan, kNan, kNan};
  const BlockSums numerator(above, block), denominator(below, block);
  const double value = Ratio(numerator.Sum(), denominator.Sum());
  if (numerator.blocks() < 2 || resamples < 1) return {value, kNan, kNan};
  std::mt19937_64 random(seed);
  std::vector<double> ratios(static_cast<size_t>(resamples));
  for (double& drawn : ratios) {
    std::mt19937_64 same = random;  // draws the same blocks for both
    const double below_drawn = denominator.DrawSum(same);
    drawn = Ratio(numerator.DrawSum(random), below_drawn);
  }
  return WithPercentileInterval(value, ratios);
}

}  // namespace plelab
