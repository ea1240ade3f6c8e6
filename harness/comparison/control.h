// Whether a run's own controls hold: a twin of the baseline that differs from nothing but chance, and turns
// that do not depend on whose turn was before.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// A test of the design fails at a corrected p-value below this.
inline constexpr double kControlLevel = 0.01;

// The rows of `carry_over` (harness/statistics/carry_over.h), one for each baseline that has a twin.  Its
// value is the largest effect in ns of a predecessor on a variant, and `variant` is that variant.
std::vector<ComparisonRow> CarryOverRows(const Record& record, int64_t seed);

// Corrects the p-values of all tests of the design by Holm's method: the twins' mean differences and the
// carry-over. Where one of a baseline fails, the verdicts of all comparisons with it become `undecided`.
void ApplyControls(std::vector<ComparisonRow>& rows);

// "passed", "failed", or "none" where the run had no control or too few repetitions for one.
std::string ControlOutcome(const std::vector<ComparisonRow>& rows);

}  // namespace plelab
