#include "harness/results/comparison_text.h"

#include <algorithm>
#include <cmath>

#include "harness/statistics/student.h"
#include "harness/support/cut_text.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr size_t kLineColumns = 100;
constexpr size_t kVariantColumns = 22;
constexpr size_t kKeyColumns = 34;
constexpr const char* kNoValue = "—";

std::string SideText(const char* side, const std::string& path, const Record& record) {
  const std::string rest =
      Format("{}, weights {}, control {}", MetaValue(record.meta, "started_at", "unknown"),
             MetaValue(record.meta, "weights", "unknown"), MetaValue(record.meta, "control", "none"));
  return Format("{}  {}  {}\n", side, CutInMiddle(path, 35), CutAtEnd(rest, kLineColumns - 40));
}

bool FromDebugBuild(const Record& record) {
  return MetaValue(record.meta, "measured_with").starts_with("a debug build");
}

std::string Sides(bool a, bool b) { return a && b ? "A and B" : a ? "A" : "B"; }

// The same number of digits for all times of one table, so that columns can be compared.
std::string Ms(double ns, int digits) {
  return std::isnan(ns) ? kNoValue : Format("{:.{}f}", ns * 1e-6, digits);
}

std::string SignedMs(const Interval& ns, int digits) {
  if (std::isnan(ns.value)) return kNoValue;
  if (std::isnan(ns.low)) return Format("{:+.{}f}", ns.value * 1e-6, digits);
  return Format("{:+.{}f} [{:+.{}f}, {:+.{}f}]", ns.value * 1e-6, digits, ns.low * 1e-6, digits,
                ns.high * 1e-6, digits);
}

std::string RatioText(const Interval& ratio) {
  const double most = std::fmax(ratio.value, ratio.high);
  const int digits = most < 10 ? 4 : most < 1000 ? 2 : 0;
  if (std::isnan(ratio.low)) return Format("{:.{}f}", ratio.value, digits);
  return Format("{:.{}f} [{:.{}f}, {:.{}f}]", ratio.value, digits, ratio.low, digits, ratio.high, digits);
}

// At most five digits of the longest step.
int DigitsFor(const std::vector<StepDifference>& rows) {
  double longest_ms = 0;
  for (const StepDifference& row : rows) {
    longest_ms = std::max({longest_ms, row.mean_a_ns * 1e-6, row.mean_b_ns * 1e-6});
  }
  return longest_ms >= 1000 ? 0 : longest_ms >= 100 ? 2 : longest_ms >= 10 ? 3 : 4;
}

std::string LevelsTable(const std::vector<StepDifference>& rows, int digits) {
  std::string text = Format("{:<{}} {:>8} {:>8} {:>27} {:>24} {:>9}\n", "variant", kVariantColumns - 4,
                            "A ms", "B ms", "B − A ms [95 %]", "B ÷ A [95 %]", "verdict");
  for (const StepDifference& row : rows) {
    text += Format("{:<{}} {:>8} {:>8} {:>27} {:>24} {:>9}\n", CutInMiddle(row.variant, kVariantColumns - 4),
                   kVariantColumns - 4, Ms(row.mean_a_ns, digits), Ms(row.mean_b_ns, digits),
                   SignedMs(row.difference_ns, digits), RatioText(row.ratio), Name(row.verdict));
  }
  return text;
}

std::string CostsTable(const std::vector<StepDifference>& rows, int digits) {
  if (std::ranges::all_of(rows, [](const auto& row) { return std::isnan(row.cost_difference_ns.value); })) {
    return "";
  }
  std::string text = "what a variant costs over its baseline, and whether that changed:\n";
  text += Format("{:<{}} {:<16} {:>9} {:>9} {:>28} {:>9}\n", "variant", kVariantColumns, "baseline",
                 "in A ms", "in B ms", "B − A ms [95 %]", "verdict");
  for (const StepDifference& row : rows) {
    if (std::isnan(row.cost_difference_ns.value)) continue;
    text +=
        Format("{:<{}} {:<16} {:>9} {:>9} {:>28} {:>9}\n", CutInMiddle(row.variant, kVariantColumns),
               kVariantColumns, CutInMiddle(row.baseline, 16), Ms(row.cost_a_ns, digits),
               Ms(row.cost_b_ns, digits), SignedMs(row.cost_difference_ns, digits), Name(row.cost_verdict));
  }
  return text;
}

std::string HowPaired(const std::vector<StepDifference>& rows) {
  const auto paired = [](const StepDifference& row) { return row.paired; };
  if (std::ranges::all_of(rows, paired)) return "repetitions are paired by the text that they read";
  if (std::ranges::none_of(rows, paired)) return "repetitions are not paired (Welch)";
  return "repetitions are paired where both read the same stretches of the text";
}

std::string RepsText(const std::vector<StepDifference>& rows) {
  int64_t least_a = rows[0].reps_a, least_b = rows[0].reps_b;
  for (const StepDifference& row : rows) {
    least_a = std::min(least_a, row.reps_a);
    least_b = std::min(least_b, row.reps_b);
  }
  std::string text = Format("{} and {} repetitions", least_a, least_b);
  if (std::min(least_a, least_b) < kLeastReps) {
    text += Format(": no interval below {}", kLeastReps);
  }
  return text;
}

std::string OneSided(const Record& record, const Record& other, const char* side) {
  std::string text;
  for (const VariantRow& row : record.variants) {
    if (IsControl(row)) continue;
    const auto twin = std::ranges::find(other.variants, row.variant, &VariantRow::variant);
    if (twin == other.variants.end()) {
      text += Format("  {} is only in {}\n", CutInMiddle(row.variant, 60), side);
    } else if (row.status != "done" && twin->status == "done") {
      text += CutAtEnd(Format("  {} {} in {}: {}", row.variant, row.status, side, row.error), kLineColumns);
      text += "\n";
    }
  }
  return text;
}

}  // namespace

std::string ComparedFilesText(const std::string& path_a, const Record& a, const std::string& path_b,
                              const Record& b) {
  std::string text;
  if (ControlFailed(a) || ControlFailed(b)) {
    text += Format("CONTROL FAILED in {}: its times decide nothing, and all verdicts are undecided\n",
                   Sides(ControlFailed(a), ControlFailed(b)));
  }
  if (FromDebugBuild(a) || FromDebugBuild(b)) {
    text += Format("DEBUG BUILD in {}: no time in it counts\n", Sides(FromDebugBuild(a), FromDebugBuild(b)));
  }
  const bool random_a = MetaValue(a.meta, "weights") == "random";
  const bool random_b = MetaValue(b.meta, "weights") == "random";
  if (random_a || random_b) text += Format("RANDOM WEIGHTS in {}\n", Sides(random_a, random_b));
  return text + SideText("A", path_a, a) + SideText("B", path_b, b);
}

std::string DifferencesText(const std::vector<Aspect>& aspects) {
  std::string text;
  for (const Aspect& aspect : aspects) {
    if (aspect.differences.empty()) {
      text += Format("{}: the same ({})\n", aspect.name, aspect.parts);
      continue;
    }
    text += Format("{}: differs\n", aspect.name);
    for (const Difference& difference : aspect.differences) {
      const std::string key = CutInMiddle(difference.what, kKeyColumns);
      // Long values differ at their ends as often as at their starts; each gets half of the line.
      const size_t width = (kLineColumns - 2 - kKeyColumns - 1 - 3) / 2;
      text += Format("  {:<{}} {} → {}\n", key, kKeyColumns, CutInMiddle(difference.a, width),
                     CutInMiddle(difference.b, width));
    }
  }
  return text;
}

std::string OutputsText(const Record& a, const Record& b) {
  int64_t compared = 0, differing = 0;
  std::string which;
  const std::vector<OutputAgreement> agreements = CompareOutputs(a, b);
  for (const OutputAgreement& agreement : agreements) {
    compared += agreement.compared;
    differing += std::ssize(agreement.differing);
    if (agreement.differing.empty()) continue;
    which += CutAtEnd(Format("  {}: {} of {} differ: {}", CutInMiddle(agreement.variant, 40),
                             agreement.differing.size(), agreement.compared, Join(agreement.differing, ", ")),
                      kLineColumns) +
             "\n";
  }
  const std::string alone = OneSided(a, b, "A") + OneSided(b, a, "B");
  if (compared == 0) return "outputs: no variant and repetition recorded its hash in both\n" + alone;
  if (differing == 0) {
    return Format("outputs: the same ({} variants, {} repetitions of a variant)\n", agreements.size(),
                  compared) +
           alone;
  }
  return Format("outputs: DIFFER in {} of {} repetitions of a variant\n", differing, compared) + which +
         alone;
}

std::string StepDifferencesText(const std::vector<StepDifference>& rows, double margin) {
  if (rows.empty()) return "step times: no variant was timed in both\n";
  const int digits = DigitsFor(rows);
  std::string text =
      Format("step times: {}; margin {:.3g} %\n{}\n", RepsText(rows), margin * 100, HowPaired(rows));
  text += LevelsTable(rows, digits) + CostsTable(rows, digits);
  return text +
         "pass: within the margin; fail: wholly outside of it.  The intervals do not cover what differs\n"
         "between two runs as a whole: compare two runs of one build to see how much that is.\n";
}

}  // namespace plelab
