// Checks that are made before a run measures anything, in addition to those of ResolvePlan.  The user can
// correct everything that they refuse.
#pragma once

#include <string>

#include "harness/plan/run_plan.h"

namespace plelab {

// Throws UserError unless this build may measure or `allow_debug` is true.
void CheckBuild(bool allow_debug);
// Throws UserError when the plan needs more memory than is available, more space than the disk of `out` has,
// or more for copies of the table (design.own_table) than theirs has.
void CheckRoom(const RunPlan& plan, const std::string& out);
// Throws UserError, with the place in the config, when a variant pins more threads (model.pin) than this
// process may use cores.
void CheckPins(const ExperimentConfig& config);

}  // namespace plelab
