// What is looked at before a run measures anything, besides what ResolvePlan refuses.  All of it is the
// user's to put right.
#pragma once

#include <string>

#include "harness/plan/run_plan.h"

namespace plelab {

// Throws UserError unless this build may measure, or `allow_debug` was given.
void CheckBuild(bool allow_debug);
// Throws UserError where memory or the disk of `out` would not do for the plan.
void CheckRoom(const RunPlan& plan, const std::string& out);

}  // namespace plelab
