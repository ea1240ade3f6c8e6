// Recomputes what a file says of its own times.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// One line for each row of /tables/comparisons, for each flag of a repetition, and for /meta control, that is
// not what the file's steps and its config give; empty when all agree.  An honest failure of a control is no
// problem.  A record of schema version 1, or one that timed nothing, has nothing to check.
std::vector<std::string> ComparisonProblems(const Record& record);

}  // namespace plelab
