#include "harness/comparison/comparison_check.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "harness/comparison/comparison.h"
#include "harness/comparison/control.h"
#include "harness/config/experiment_config.h"
#include "harness/record/repetition_flags.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// Another machine's logarithms may differ in the last bits.
constexpr double kTolerance = 1e-6;

bool Equal(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::fabs(a - b) <= kTolerance * std::max({std::fabs(a), std::fabs(b), 1.0});
}

bool Equal(const ComparisonRow& a, const ComparisonRow& b) {
  return Equal(a.value, b.value) && Equal(a.low, b.low) && Equal(a.high, b.high) &&
         Equal(a.margin, b.margin) && Equal(a.p, b.p) && Equal(a.p_corrected, b.p_corrected) &&
         a.reps == b.reps && a.steps == b.steps && a.verdict == b.verdict && a.control == b.control &&
         a.variant == b.variant;
}

auto KeyOf(const ComparisonRow& row) {
  // The variant of carry_over is a result, not a key.
  return std::tuple(row.metric, row.statistic == "carry_over" ? "" : row.variant, row.baseline,
                    row.statistic);
}

std::string Describe(const ComparisonRow& row) {
  return Format("{} [{}, {}], verdict '{}', p {}, corrected {}", row.value, row.low, row.high, row.verdict,
                row.p, row.p_corrected);
}

}  // namespace

std::vector<std::string> ComparisonProblems(const Record& record) {
  // A run of this version that times steps always says what its control gave.
  if (record.comparisons.empty() && MetaValue(record.meta, "control").empty()) return {};
  const ExperimentConfig config =
      ParseExperimentConfig(MetaValue(record.meta, "config_yaml"), "/meta config_yaml");
  const std::vector<ComparisonRow> expected = CompareVariants(record, config.design);
  std::vector<std::string> problems = FlagProblems(record);
  for (const ComparisonRow& row : expected) {
    const std::string where = Format("comparisons: {} of '{}' {}", row.statistic, row.variant, row.metric);
    const auto found = std::ranges::find(record.comparisons, KeyOf(row), KeyOf);
    if (found == record.comparisons.end()) {
      problems.push_back(where + " is missing");
    } else if (!Equal(*found, row)) {
      problems.push_back(Format("{}: the steps give {}, found {}", where, Describe(row), Describe(*found)));
    }
  }
  if (record.comparisons.size() > expected.size()) {
    problems.push_back(
        Format("comparisons: expected {} rows, found {}", expected.size(), record.comparisons.size()));
  }
  const std::string outcome = ControlOutcome(expected), said = MetaValue(record.meta, "control");
  if (said != outcome)
    problems.push_back(Format("meta: control: the steps give '{}', found '{}'", outcome, said));
  return problems;
}

}  // namespace plelab
