// What is looked at before a run measures anything: all of it the user's to put right.
#pragma once

#include "harness/experiment_config.h"
#include "harness/run_plan.h"

namespace plelab {

// Throws UserError unless this build may measure, or `allow_debug` was given.
void CheckBuild(bool allow_debug);
// Throws UserError where a checkpoint, a text or a workload does not fit, or memory or disk would not do.
void CheckWork(const ExperimentConfig& config, const std::vector<VariantGroup>& groups,
               const std::string& out);

// Bytes that this process may still take: MemAvailable, and the limits of its memory cgroups.
int64_t AvailableMemoryBytes();
// Free bytes of the file system that holds `path` (or its nearest folder that exists).
int64_t FreeDiskBytes(const std::string& path);

}  // namespace plelab
