#include "harness/comparison/repetition_pairs.h"

#include "harness/statistics/student.h"

namespace plelab {

Reps StepTimes(const std::vector<StepRow>& steps, const std::string& variant) {
  Reps reps;
  for (const StepRow& row : steps) {
    if (row.variant == variant) reps[row.rep].push_back(static_cast<double>(row.step_ns));
  }
  return reps;
}

Reps OncePerRep(const std::vector<RepRow>& rows, const std::string& variant, int64_t RepRow::*metric) {
  Reps reps;
  for (const RepRow& row : rows) {
    if (row.variant == variant) reps[row.rep] = {static_cast<double>(row.*metric)};
  }
  return reps;
}

std::vector<double> RepetitionPairs::MeanDifferences() const {
  return Each([](const Series& v, const Series& b) { return Mean(v) - Mean(b); });
}

std::vector<double> RepetitionPairs::BaselineMeans() const {
  return Each([](const Series&, const Series& b) { return Mean(b); });
}

RepetitionPairs PairsOf(const Reps& variant, const Reps& baseline) {
  RepetitionPairs pairs;
  for (const auto& [rep, series] : variant) {
    if (const auto other = baseline.find(rep); other != baseline.end()) {
      pairs.variant.push_back(series);
      pairs.baseline.push_back(other->second);
    }
  }
  return pairs;
}

}  // namespace plelab
