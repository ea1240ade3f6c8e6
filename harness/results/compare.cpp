#include "harness/results/compare.h"

#include <algorithm>
#include <cmath>

#include "harness/results/comparison_text.h"
#include "harness/results/config_lines.h"
#include "harness/statistics/student.h"
#include "harness/support/units.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// The margin that A's config stated; configs without one had 1 %.
double StatedMargin(const Record& record) {
  const ConfigLines lines = LinesOfConfig(MetaValue(record.meta, "config_yaml"), "/meta config_yaml");
  return ParseShare(ValueOf(lines, "design.margin", "1%"));
}

// Why the times of B are not compared with those of A; "" when they are.
std::string WhyNotComparable(const std::string& path_a, const std::string& path_b,
                             const std::vector<Aspect>& aspects, const std::vector<std::string>& across) {
  std::vector<std::string> names, reasons;
  for (const Aspect& aspect : aspects) {
    const bool allowed = std::ranges::find(across, aspect.name) != across.end();
    if (!aspect.decides_times || aspect.differences.empty() || allowed) continue;
    const Difference& first = aspect.differences.front();
    const size_t more = aspect.differences.size() - 1;
    names.push_back(aspect.name);
    reasons.push_back(Format("its {} differs ({}: '{}' there, '{}' here{})", aspect.name, first.what, first.a,
                             first.b, more > 0 ? Format(", and {} more", more) : ""));
  }
  if (names.empty()) return "";
  std::vector<std::string> all = across;
  all.insert(all.end(), names.begin(), names.end());
  return Format("{}: no time is compared with {}, because {}; to compare them all the same, say --across {}",
                path_b, path_a, Join(reasons, " and "), Join(all, ","));
}

// Why --fail-if-slower has no answer; "" when it has one.
std::string WhyUnanswered(const std::string& path_b, const Record& a, const Record& b,
                          const std::vector<StepDifference>& rows) {
  const std::string asked = path_b + ": --fail-if-slower has no answer: ";
  if (rows.empty()) return asked + "no variant was timed in both results";
  if (ControlFailed(a) || ControlFailed(b)) {
    return Format("{}the control of {} failed, so its times decide nothing; measure it again", asked,
                  ControlFailed(a) ? "A" : "B");
  }
  for (const VariantRow& variant : b.variants) {
    if (variant.status == "done" || IsControl(variant) || FindDone(a, variant.variant) == nullptr) continue;
    return Format("{}'{}' {} there ({}) and finished in A", asked, variant.variant, variant.status,
                  variant.error);
  }
  for (const StepDifference& row : rows) {
    if (!std::isnan(row.ratio.low)) continue;
    return Format("{}'{}' has {} and {} repetitions, and an interval needs {}; measure with design.reps={}",
                  asked, row.variant, row.reps_a, row.reps_b, kLeastReps, kLeastReps);
  }
  return "";
}

}  // namespace

ResultComparison CompareResults(const std::string& path_a, const Record& a, const std::string& path_b,
                                const Record& b, const CompareOptions& options) {
  const std::vector<Aspect> aspects = DifferencesBetween(a, b);
  ResultComparison comparison;
  comparison.text = ComparedFilesText(path_a, a, path_b, b) + DifferencesText(aspects) + OutputsText(a, b);
  comparison.refusal = WhyNotComparable(path_a, path_b, aspects, options.across);
  if (!comparison.refusal.empty()) return comparison;
  const double margin = StatedMargin(a);
  const std::vector<StepDifference> rows = CompareSteps(a, b, margin);
  comparison.text += StepDifferencesText(rows, margin);
  if (std::isnan(options.fail_if_slower)) return comparison;
  comparison.refusal = WhyUnanswered(path_b, a, b, rows);
  if (!comparison.refusal.empty()) return comparison;
  for (const StepDifference& row : rows) {
    if (row.ratio.low > 1 + options.fail_if_slower) comparison.slower.push_back(row.variant);
  }
  return comparison;
}

}  // namespace plelab
