// What identifies a run.  A resumed run may go on with earlier parts only when all of this is the same.
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

// The part of /meta that every experiment has: the environment (DescribeEnvironment), experiment, config_yaml
// and command.  `data_path` is the file that is read, which determines storage and file system.
Meta DescribeExperiment(const ExperimentConfig& config, const RunOptions& options,
                        const std::string& data_path);
// The /meta of a run that measures: DescribeExperiment's entries, and checkpoint_hash, tokenizer_hash,
// text_hash, accuracy_text_hash, inputs, weights, dtype, device, isolate, order, decode, ….  Requires a plan
// with a checkpoint.
Meta DescribeRun(const RunPlan& plan, const RunOptions& options);

// Throws UserError naming the first of config, code, checkpoint, texts, processor and input files (by their
// content: IdentityOfFiles) in which the two runs differ.
void RequireSameRun(const Meta& before, const Meta& now, const std::string& parts_folder);

// The first line in which two texts differ: "'threads: 2' was, 'threads: 4' is".
std::string FirstDifferentLine(const std::string& was, const std::string& is);

}  // namespace plelab
