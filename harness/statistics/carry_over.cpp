#include "harness/statistics/carry_over.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "harness/support/statistics.h"
#include "model/base/random_bits.h"

namespace plelab {
namespace {

// The turns of one variant in one repetition: predecessors can be exchanged among them.
struct Stratum {
  int64_t variant = 0;
  std::vector<int64_t> predecessors;
  std::vector<double> values;
};

double Median(const std::vector<double>& values) { return Quantile(values, 0.5); }

void ClipAndCentre(std::vector<double>& values) {
  const double median = Median(values);
  const double reach = 3 * (Quantile(values, 0.75) - Quantile(values, 0.25));
  for (double& value : values) value = std::clamp(value - median, -reach, reach);
  const double mean = Mean(values);
  for (double& value : values) value -= mean;
}

// The times of a repetition without its variants' and its steps' own levels.  A variant's level comes first:
// else the median of a step would follow whoever is in its middle.
std::vector<double> Residuals(const RepTurns& turns) {
  std::map<int64_t, std::vector<double>> of_variant, of_step;
  for (const Turn& turn : turns) of_variant[turn.variant].push_back(turn.ns);
  std::map<int64_t, double> variant_ns, step_ns;
  for (const auto& [variant, times] : of_variant) variant_ns[variant] = Median(times);
  for (const Turn& turn : turns) of_step[turn.step].push_back(turn.ns - variant_ns[turn.variant]);
  for (const auto& [step, times] : of_step) step_ns[step] = Median(times);
  std::vector<double> residuals;
  for (const Turn& turn : turns) residuals.push_back(turn.ns - variant_ns[turn.variant] - step_ns[turn.step]);
  return residuals;
}

std::vector<Stratum> StrataOf(const RepTurns& turns, int64_t n) {
  const std::vector<double> residuals = Residuals(turns);
  std::vector<Stratum> strata(n);
  for (size_t i = 0; i < turns.size(); ++i) {
    Stratum& stratum = strata[turns[i].variant];
    stratum.variant = turns[i].variant;
    stratum.predecessors.push_back(turns[i].predecessor);
    stratum.values.push_back(residuals[i]);
  }
  std::erase_if(strata, [](const Stratum& stratum) { return stratum.values.empty(); });
  for (Stratum& stratum : strata) ClipAndCentre(stratum.values);
  return strata;
}

struct Cells {
  explicit Cells(int64_t variants) : n(variants), sum(n * n, 0.0), count(n * n, 0) {}

  void Add(const Stratum& stratum) {
    for (size_t i = 0; i < stratum.values.size(); ++i) {
      const int64_t cell = stratum.variant * n + stratum.predecessors[i];
      sum[cell] += stratum.values[i];
      ++count[cell];
    }
  }
  double Mean(int64_t cell) const {
    return count[cell] == 0 ? 0 : sum[cell] / static_cast<double>(count[cell]);
  }
  // Each stratum has mean 0, and so has each variant.
  double Statistic() const {
    double statistic = 0;
    for (int64_t cell = 0; cell < n * n; ++cell) statistic += sum[cell] * Mean(cell);
    return statistic;
  }

  int64_t n;
  std::vector<double> sum;
  std::vector<int64_t> count;
};

double Statistic(const std::vector<Stratum>& strata, int64_t n) {
  Cells cells(n);
  for (const Stratum& stratum : strata) cells.Add(stratum);
  return cells.Statistic();
}

bool HasTwoPredecessors(const std::vector<Stratum>& strata) {
  return std::ranges::any_of(strata, [](const Stratum& stratum) {
    return std::ranges::any_of(stratum.predecessors,
                               [&](int64_t before) { return before != stratum.predecessors.front(); });
  });
}

}  // namespace

CarryOver TestCarryOver(const std::vector<RepTurns>& reps, int64_t n, int64_t permutations, uint64_t seed) {
  std::vector<Stratum> strata;
  for (const RepTurns& turns : reps) std::ranges::move(StrataOf(turns, n), std::back_inserter(strata));
  CarryOver result;
  if (!HasTwoPredecessors(strata)) {
    result.p = kNan;
    return result;
  }
  Cells cells(n);
  for (const Stratum& stratum : strata) cells.Add(stratum);
  for (int64_t cell = 0; cell < n * n; ++cell) {
    if (std::fabs(cells.Mean(cell)) <= std::fabs(result.effect_ns)) continue;
    result.effect_ns = cells.Mean(cell);
    result.variant = cell / n;
    result.predecessor = cell % n;
  }
  const double observed = cells.Statistic();
  std::mt19937_64 random(seed);
  int64_t as_large = 1;
  for (int64_t i = 0; i < permutations; ++i) {
    for (Stratum& stratum : strata) Shuffle(stratum.predecessors, [&](size_t) { return random(); });
    if (Statistic(strata, n) >= observed) ++as_large;
  }
  result.p = static_cast<double>(as_large) / static_cast<double>(permutations + 1);
  return result;
}

}  // namespace plelab
