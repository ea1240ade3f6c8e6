// What is looked at before a run measures anything: all of it the user's to put right.
#pragma once

#include "harness/config/experiment_config.h"
#include "harness/plan/run_plan.h"

namespace plelab {

// Throws UserError unless this build may measure, or `allow_debug` was given.
void CheckBuild(bool allow_debug);
// Throws UserError where a checkpoint, a text or a workload does not fit, or memory or disk would not do.
void CheckWork(const ExperimentConfig& config, const std::vector<VariantGroup>& groups,
               const std::string& out);

}  // namespace plelab
