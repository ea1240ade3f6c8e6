#include "experiments/replay/measure/replay_contrast.h"

#include <algorithm>
#include <random>

#include "harness/statistics/tail.h"

namespace plelab {
namespace {

constexpr int64_t kResamples = 1000;
constexpr uint64_t kResampleSeed = 1;

// The steps of one participant by repetition, in the order of the text.
std::vector<Series> SeriesOf(const ReplayResult& result, const std::string& variant) {
  std::vector<Series> reps;
  for (const ReplayStepRow& row : result.steps) {
    if (row.variant != variant) continue;
    if (std::ssize(reps) <= row.rep) reps.resize(row.rep + 1);
    reps[row.rep].push_back(static_cast<double>(row.step_ns));
  }
  return reps;
}

Series AllOf(const std::vector<Series>& reps) {
  Series all;
  for (const Series& rep : reps) all.insert(all.end(), rep.begin(), rep.end());
  return all;
}

Interval MeanDifference(const std::vector<Series>& variant, const std::vector<Series>& baseline) {
  std::vector<double> means;
  for (size_t rep = 0; rep < variant.size(); ++rep) means.push_back(Mean(variant[rep]) - Mean(baseline[rep]));
  return MeanOfReps(means).interval;
}

Interval MedianDifference(const std::vector<Series>& variant, const std::vector<Series>& baseline) {
  std::vector<double> medians;
  for (size_t rep = 0; rep < variant.size(); ++rep) {
    Series pairs;
    for (size_t i = 0; i < variant[rep].size(); ++i) pairs.push_back(variant[rep][i] - baseline[rep].at(i));
    medians.push_back(Quantile(pairs, 0.5));
  }
  return MeanOfReps(medians).interval;
}

Interval TailDifference(const std::vector<Series>& variant, const std::vector<Series>& baseline) {
  const Series a = AllOf(variant), b = AllOf(baseline);
  if (std::ssize(a) < kStepsForP99) return {kNan, kNan, kNan};
  const double value = Quantile(a, 0.99) - Quantile(b, 0.99);
  if (std::ssize(variant) < kLeastReps) return {value, kNan, kNan};
  std::mt19937_64 random(kResampleSeed);
  std::vector<double> drawn(kResamples);
  for (double& difference : drawn) {
    std::vector<Series> some_variant, some_baseline;
    for (size_t i = 0; i < variant.size(); ++i) {
      const size_t rep = random() % variant.size();
      some_variant.push_back(variant[rep]);
      some_baseline.push_back(baseline[rep]);
    }
    difference = Quantile(AllOf(some_variant), 0.99) - Quantile(AllOf(some_baseline), 0.99);
  }
  return {value, Quantile(drawn, 0.025), Quantile(drawn, 0.975)};
}

void AddMeans(ReplayContrast& contrast, const ReplayResult& result) {
  const auto mean_of = [&](int64_t ReplayStepRow::*column) {
    std::vector<double> values;
    for (const ReplayStepRow& row : result.steps) {
      if (row.variant == contrast.variant) values.push_back(static_cast<double>(row.*column));
    }
    return Mean(values);
  };
  contrast.wait_ns = mean_of(&ReplayStepRow::wait_ns);
  contrast.hidden_ns = mean_of(&ReplayStepRow::hidden_ns);
  contrast.lookups = mean_of(&ReplayStepRow::lookups);
  contrast.hits = mean_of(&ReplayStepRow::hits);
  contrast.read_calls = mean_of(&ReplayStepRow::read_calls);
  contrast.bytes_asked = mean_of(&ReplayStepRow::bytes_asked);
  const bool unknown = std::ranges::any_of(result.steps, [](const auto& row) { return row.bytes_moved < 0; });
  contrast.bytes_moved = unknown ? kNan : mean_of(&ReplayStepRow::bytes_moved);
}

}  // namespace

std::vector<ReplayContrast> ContrastsOf(const ReplayResult& result, double margin) {
  const std::vector<Series> baseline = SeriesOf(result, result.baseline_name);
  const double level_ns = Mean(AllOf(baseline));
  std::vector<ReplayContrast> contrasts;
  for (const std::string& name : {result.baseline_name, result.variant_name, result.twin_name}) {
    const std::vector<Series> own = SeriesOf(result, name);
    const Series all = AllOf(own);
    ReplayContrast& contrast = contrasts.emplace_back();
    contrast.variant = name;
    contrast.baseline = result.baseline_name;
    contrast.control = name == result.twin_name;
    contrast.reps = std::ssize(own);
    contrast.steps = std::ssize(all);
    contrast.mean_ns = Mean(all);
    contrast.p50_ns = Quantile(all, 0.5);
    contrast.p99_ns = P99(own, kResamples, kResampleSeed);
    contrast.margin = margin;
    AddMeans(contrast, result);
    const Interval none{kNan, kNan, kNan};
    const bool is_baseline = name == result.baseline_name;
    contrast.difference_ns = is_baseline ? none : MeanDifference(own, baseline);
    contrast.median_difference_ns = is_baseline ? none : MedianDifference(own, baseline);
    contrast.p99_difference_ns = is_baseline ? none : TailDifference(own, baseline);
    contrast.verdict = MarginVerdict(contrast.difference_ns, margin * level_ns);
  }
  return contrasts;
}

}  // namespace plelab
