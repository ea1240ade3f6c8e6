// What a run is a run of.  Parts may be mixed only where a resumed run is the same in all of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/plan/run_plan.h"
#include "harness/record/record.h"
#include "harness/run/runner.h"

namespace plelab {

using Meta = std::vector<std::pair<std::string, std::string>>;

// The part of /meta that every experiment has: the environment (DescribeEnvironment), experiment,
// config_yaml, command.  `data_path` is what was read, for storage and file system.
Meta DescribeExperiment(const ExperimentConfig& config, const RunOptions& options,
                        const std::string& data_path);
// /meta of a run that measures: the above, and what it ran on: checkpoint_hash, tokenizer_hash, text_hash,
// accuracy_text_hash, weights, dtype, device, isolate, order, decode, ….  Needs a plan with a checkpoint.
Meta DescribeRun(const RunPlan& plan, const RunOptions& options);

// Throws UserError naming the first of config, code, checkpoint, texts and processor in which the two differ.
void RequireSameRun(const Meta& before, const Meta& now, const std::string& parts_folder);

// "'threads: 2' was, 'threads: 4' is": of two texts that differ.
std::string FirstDifferentLine(const std::string& was, const std::string& is);

}  // namespace plelab
