#include "harness/measure/comparison.h"

#include <map>

namespace plelab {
namespace {

double MeanStepNs(const std::vector<StepRow>& steps, const std::string& variant) {
  std::vector<double> ns;
  for (const auto& row : steps) {
    if (row.variant == variant) ns.push_back(static_cast<double>(row.step_ns));
  }
  return Mean(ns);
}

}  // namespace

std::vector<std::vector<double>> PairedStepDifferences(const std::vector<StepRow>& steps,
                                                       const std::string& variant,
                                                       const std::string& baseline) {
  std::map<std::pair<int64_t, int64_t>, double> of_baseline;
  for (const auto& row : steps) {
    if (row.variant == baseline) of_baseline[{row.rep, row.step}] = static_cast<double>(row.step_ns);
  }
  std::map<int64_t, std::vector<double>> by_rep;
  for (const auto& row : steps) {
    if (row.variant != variant) continue;
    const auto pair = of_baseline.find({row.rep, row.step});
    if (pair != of_baseline.end()) by_rep[row.rep].push_back(static_cast<double>(row.step_ns) - pair->second);
  }
  std::vector<std::vector<double>> per_rep;
  for (auto& [rep, differences] : by_rep) per_rep.push_back(std::move(differences));
  return per_rep;
}

Interval PairedDifferenceNs(const std::vector<StepRow>& steps, const std::string& variant,
                            const std::string& baseline, int64_t seed) {
  return PairedBootstrapMean(PairedStepDifferences(steps, variant, baseline), kStepBlock, kResamples,
                             static_cast<uint64_t>(seed));
}

double RelativeHalfWidth(const std::vector<StepRow>& steps, const std::string& variant,
                         const std::string& baseline, int64_t seed) {
  const Interval difference = PairedDifferenceNs(steps, variant, baseline, seed);
  return (difference.high - difference.low) / 2 / MeanStepNs(steps, baseline);
}

}  // namespace plelab
