// Two results beside each other, as a terminal shows them: at most 100 columns.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"
#include "harness/results/result_difference.h"
#include "harness/results/step_difference.h"

namespace plelab {

// Which file each side is, when it was measured, whether its weights are random, what its control says, and
// whether its times come from a debug build.  A failed control is the first line.
std::string ComparedFilesText(const std::string& path_a, const Record& a, const std::string& path_b,
                              const Record& b);
// A line for each aspect that agrees; the differences of each that does not, one a line.
std::string DifferencesText(const std::vector<Aspect>& aspects);
// How many outputs agree, and of which variants they do not; the variants that only one side has or lost.
std::string OutputsText(const Record& a, const Record& b);
// A table of the step times and one of what variants cost over their baselines.  `margin` as in CompareSteps.
std::string StepDifferencesText(const std::vector<StepDifference>& rows, double margin);

}  // namespace plelab
