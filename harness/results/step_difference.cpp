#include "harness/results/step_difference.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "harness/statistics/student.h"
#include "harness/statistics/welch.h"

namespace plelab {
namespace {

using Ids = std::vector<int64_t>;

// The repetitions of one variant in one result.
struct TimedVariant {
  std::map<int64_t, double> mean_ns;  // by repetition
  std::map<int64_t, Ids> ids;         // the tokens of its steps

  std::vector<double> Means() const {
    std::vector<double> means;
    for (const auto& [rep, mean] : mean_ns) means.push_back(mean);
    return means;
  }
};

TimedVariant TimedIn(const Record& record, const std::string& variant) {
  TimedVariant timed;
  std::map<int64_t, std::vector<double>> steps;
  for (const StepRow& row : record.steps) {
    if (row.variant != variant) continue;
    steps[row.rep].push_back(static_cast<double>(row.step_ns));
    timed.ids[row.rep].push_back(row.token_id);
  }
  for (const auto& [rep, ns] : steps) timed.mean_ns[rep] = Mean(ns);
  return timed;
}

// The repetition that read each stretch; nothing where two repetitions read the same one.
std::optional<std::map<Ids, int64_t>> ByStretch(const TimedVariant& timed) {
  std::map<Ids, int64_t> reps;
  for (const auto& [rep, ids] : timed.ids) {
    if (!reps.emplace(ids, rep).second) return std::nullopt;
  }
  return reps;
}

// Pairs of repetitions (of a, of b) that read the same stretch; empty unless both read the same stretches.
std::vector<std::pair<int64_t, int64_t>> PairsOf(const TimedVariant& a, const TimedVariant& b) {
  const auto in_a = ByStretch(a), in_b = ByStretch(b);
  if (!in_a || !in_b || in_a->size() != in_b->size()) return {};
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (const auto& [ids, rep] : *in_a) {
    const auto other = in_b->find(ids);
    if (other == in_b->end()) return {};
    pairs.emplace_back(rep, other->second);
  }
  return pairs;
}

// One value for each repetition, in two results.
struct TwoSamples {
  std::map<int64_t, double> a, b;
  std::vector<std::pair<int64_t, int64_t>> pairs;

  Interval Difference() const {
    std::vector<double> of_a, of_b, differences;
    for (const auto& [rep, value] : a) of_a.push_back(value);
    for (const auto& [rep, value] : b) of_b.push_back(value);
    for (const auto& [rep_a, rep_b] : pairs) {
      if (a.contains(rep_a) && b.contains(rep_b)) differences.push_back(b.at(rep_b) - a.at(rep_a));
    }
    if (pairs.empty()) return UnpairedDifference(of_a, of_b).interval;
    return MeanOfReps(differences).interval;
  }
};

std::map<int64_t, double> Logs(std::map<int64_t, double> values) {
  for (auto& [rep, value] : values) value = std::log(value);
  return values;
}

// What the variant costs over its baseline in each repetition that both have.
std::map<int64_t, double> CostsOf(const TimedVariant& variant, const TimedVariant& baseline) {
  std::map<int64_t, double> costs;
  for (const auto& [rep, mean] : variant.mean_ns) {
    if (baseline.mean_ns.contains(rep)) costs[rep] = mean - baseline.mean_ns.at(rep);
  }
  return costs;
}

double MeanOf(const std::map<int64_t, double>& values) {
  double sum = 0;
  for (const auto& [rep, value] : values) sum += value;
  return sum / static_cast<double>(values.size());
}

Verdict VerdictOf(const StepDifference& row, double margin) {
  const Interval from_one{row.ratio.value - 1, row.ratio.low - 1, row.ratio.high - 1};
  const Verdict of_ratio = MarginVerdict(from_one, margin);
  const Verdict of_difference = MarginVerdict(row.difference_ns, margin * row.mean_a_ns);
  return of_ratio == of_difference ? of_ratio : Verdict::kUndecided;
}

void CompareCosts(const Record& a, const Record& b, const TimedVariant& in_a, const TimedVariant& in_b,
                  double margin, StepDifference& row) {
  const TimedVariant base_a = TimedIn(a, row.baseline), base_b = TimedIn(b, row.baseline);
  const TwoSamples costs{CostsOf(in_a, base_a), CostsOf(in_b, base_b), PairsOf(in_a, in_b)};
  if (costs.a.empty() || costs.b.empty()) return;
  row.cost_a_ns = MeanOf(costs.a);
  row.cost_b_ns = MeanOf(costs.b);
  row.cost_difference_ns = costs.Difference();
  row.cost_verdict = MarginVerdict(row.cost_difference_ns, margin * MeanOf(base_a.mean_ns));
}

}  // namespace

bool ControlFailed(const Record& record) { return MetaValue(record.meta, "control") == "failed"; }

std::vector<StepDifference> CompareSteps(const Record& a, const Record& b, double margin) {
  std::vector<StepDifference> rows;
  for (const VariantRow& variant : a.variants) {
    const VariantRow* other = FindDone(b, variant.variant);
    if (other == nullptr || variant.status != "done" || IsControl(variant)) continue;
    const TimedVariant in_a = TimedIn(a, variant.variant), in_b = TimedIn(b, variant.variant);
    if (in_a.mean_ns.empty() || in_b.mean_ns.empty()) continue;
    const TwoSamples times{in_a.mean_ns, in_b.mean_ns, PairsOf(in_a, in_b)};
    const Interval log_ratio = TwoSamples{Logs(times.a), Logs(times.b), times.pairs}.Difference();
    StepDifference row;
    row.variant = variant.variant;
    row.baseline = variant.baseline;
    row.reps_a = std::ssize(in_a.mean_ns);
    row.reps_b = std::ssize(in_b.mean_ns);
    row.paired = !times.pairs.empty();
    row.mean_a_ns = MeanOf(in_a.mean_ns);
    row.mean_b_ns = MeanOf(in_b.mean_ns);
    row.difference_ns = times.Difference();
    row.ratio = {std::exp(log_ratio.value), std::exp(log_ratio.low), std::exp(log_ratio.high)};
    row.verdict = VerdictOf(row, margin);
    const bool same_baseline = variant.baseline == other->baseline && variant.baseline != variant.variant;
    const bool timed = FindDone(a, variant.baseline) != nullptr && FindDone(b, variant.baseline) != nullptr;
    if (same_baseline && timed) CompareCosts(a, b, in_a, in_b, margin, row);
    rows.push_back(row);
  }
  if (!ControlFailed(a) && !ControlFailed(b)) return rows;
  for (StepDifference& row : rows) {
    row.verdict = row.cost_verdict = Verdict::kUndecided;
  }
  return rows;
}

}  // namespace plelab
