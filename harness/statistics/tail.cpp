#include "harness/statistics/tail.h"

#include <algorithm>
#include <random>

namespace plelab {
namespace {

Series Pooled(const std::vector<Series>& reps) {
  Series all;
  for (const Series& rep : reps) all.insert(all.end(), rep.begin(), rep.end());
  return all;
}

// The mean without the slowest hundredth.
double TrimmedMean(Series values) {
  std::ranges::sort(values);
  return Mean(std::span(values).first(values.size() - values.size() / 100));
}

}  // namespace

Interval P99(const std::vector<Series>& reps, int64_t resamples, uint64_t seed) {
  const Series all = Pooled(reps);
  if (std::ssize(all) < kStepsForP99) return {kNan, kNan, kNan};
  const double value = Quantile(all, 0.99);
  if (std::ssize(reps) < kLeastReps) return {value, kNan, kNan};
  std::mt19937_64 random(seed);
  std::vector<double> drawn(resamples);
  for (double& p99 : drawn) {
    Series sample;
    for (size_t i = 0; i < reps.size(); ++i) {
      const Series& rep = reps[random() % reps.size()];
      sample.insert(sample.end(), rep.begin(), rep.end());
    }
    p99 = Quantile(sample, 0.99);
  }
  return {value, Quantile(drawn, 0.025), Quantile(drawn, 0.975)};
}

TestedMean P99Difference(const std::vector<Series>& variant, const std::vector<Series>& baseline) {
  const auto enough = [](const std::vector<Series>& reps) {
    return std::ssize(reps) >= kRepsForP99Difference &&
           std::ranges::all_of(reps, [](const Series& rep) { return std::ssize(rep) >= kStepsForP99; });
  };
  if (!enough(variant) || !enough(baseline)) return {{kNan, kNan, kNan}, kNan};
  std::vector<double> differences;
  for (size_t i = 0; i < std::min(variant.size(), baseline.size()); ++i) {
    differences.push_back(Quantile(variant[i], 0.99) - Quantile(baseline[i], 0.99));
  }
  return MeanOfReps(differences);
}

double TailShare(const std::vector<Series>& variant, const std::vector<Series>& baseline) {
  const Series a = Pooled(variant), b = Pooled(baseline);
  const double whole = Mean(a) - Mean(b);
  const bool has_slowest = std::min(a.size(), b.size()) >= 100;
  return !has_slowest || whole == 0 ? kNan : 1 - (TrimmedMean(a) - TrimmedMean(b)) / whole;
}

}  // namespace plelab
