// What an interval says about a margin that was stated beforehand, and p-values of several tests.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "harness/support/statistics.h"

namespace plelab {

enum class Verdict { kPass, kFail, kUndecided };
// "pass", "fail" or "undecided".
std::string_view Name(Verdict verdict);

// Two one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987): pass when the
// 95 % interval lies within −margin … margin, fail when it lies wholly outside, else undecided.  An interval
// that is NaN decides nothing.
Verdict MarginVerdict(const Interval& difference, double margin);

// p-values corrected for several tests by Holm's step-down method (Scandinavian Journal of Statistics 6,
// 1979), in the same order, at most 1.  NaN stays NaN and does not count as a test.
std::vector<double> HolmCorrected(std::span<const double> p);

}  // namespace plelab
