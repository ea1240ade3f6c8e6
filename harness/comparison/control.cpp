#include "harness/comparison/control.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/comparison/group_turns.h"
#include "harness/statistics/carry_over.h"
#include "harness/statistics/verdict.h"

namespace plelab {
namespace {

constexpr int64_t kPermutations = 1999;
// A p-value of n permutations is at least 1 ÷ (n + 1), and Holm's method multiplies the smallest by the
// number of tests: with so many permutations for each test, the product can still be half of the level.
constexpr int64_t kPermutationsPerTest = 200;
constexpr double kWorthMore = 10 * kControlLevel;  // a p-value above cannot become one below the level

bool IsTest(const ComparisonRow& row) {
  const bool of_twin = row.metric == "step_ns" && row.statistic == "mean_difference";
  return row.control == 1 && (of_twin || row.statistic == "carry_over") && !std::isnan(row.p);
}

CarryOver CarryOverIn(const std::vector<RepTurns>& reps, int64_t variants, int64_t tests, uint64_t seed) {
  const CarryOver found = TestCarryOver(reps, variants, kPermutations, seed);
  const int64_t needed = kPermutationsPerTest * tests - 1;
  if (needed <= kPermutations || !(found.p < kWorthMore)) return found;
  return TestCarryOver(reps, variants, needed, seed);
}

}  // namespace

std::vector<ComparisonRow> CarryOverRows(const Record& record, int64_t seed) {
  // The difference of each twin, and its group's carry-over.
  const int64_t tests = 2 * std::ranges::count_if(record.variants, IsControl);
  std::vector<ComparisonRow> rows;
  for (const VariantRow& variant : record.variants) {
    if (!IsControl(variant)) continue;
    const GroupTurns group = TurnsOf(record, variant.baseline);
    std::vector<RepTurns> reps;
    for (const auto& [rep, turns] : group.reps) reps.push_back(turns);
    if (reps.empty()) continue;
    const CarryOver found = CarryOverIn(reps, std::ssize(group.names), tests, static_cast<uint64_t>(seed));
    ComparisonRow row;
    row.metric = "step_ns";
    row.variant = found.variant < 0 ? variant.baseline : group.names[found.variant];
    row.baseline = variant.baseline;
    row.statistic = "carry_over";
    row.value = found.effect_ns;
    row.reps = std::ssize(reps);
    for (const RepTurns& turns : reps) row.steps += std::ssize(turns);
    row.control = 1;
    row.p = found.p;
    rows.push_back(row);
  }
  return rows;
}

void ApplyControls(std::vector<ComparisonRow>& rows) {
  std::vector<ComparisonRow*> tests;
  for (ComparisonRow& row : rows) {
    if (IsTest(row)) tests.push_back(&row);
  }
  std::vector<double> p;
  for (const ComparisonRow* test : tests) p.push_back(test->p);
  const std::vector<double> corrected = HolmCorrected(p);
  std::set<std::string> failed;  // baselines
  for (size_t i = 0; i < tests.size(); ++i) {
    tests[i]->p_corrected = corrected[i];
    if (corrected[i] < kControlLevel) failed.insert(tests[i]->baseline);
  }
  for (ComparisonRow& row : rows) {
    if (!row.verdict.empty() && failed.contains(row.baseline)) row.verdict = Name(Verdict::kUndecided);
  }
}

std::string ControlOutcome(const std::vector<ComparisonRow>& rows) {
  if (std::ranges::none_of(rows, IsTest)) return "none";
  const bool failed = std::ranges::any_of(
      rows, [](const ComparisonRow& row) { return IsTest(row) && row.p_corrected < kControlLevel; });
  return failed ? "failed" : "passed";
}

}  // namespace plelab
