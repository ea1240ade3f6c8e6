// What a run will take, before it runs: from shapes, and from two rates of this machine measured in a second.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/plan/run_plan.h"

namespace plelab {

struct MachineRates {
  double read_gb_s = 0;       // MeasureReadBandwidth
  double matmul_gflop_s = 0;  // a matrix product of prefill's size
};
MachineRates MeasureMachineRates(const ModelSection& section);

struct VariantEstimate {
  std::string variant, strategy;
  int64_t fast_bytes = 0;     // PLE rows in RAM
  int64_t file_bytes = 0;     // PLE rows on storage
  int64_t process_bytes = 0;  // a process of its own: weights, KV cache, rows, the program
};

struct RunEstimate {
  std::vector<VariantEstimate> variants;
  int64_t memory_bytes = 0;  // the most that is held at once
  int64_t synth_bytes = 0;   // random checkpoints that will be written first
  int64_t result_bytes = 0;
  double minutes = 0, most_minutes = 0;  // with design.reps repetitions; with stop.max_reps
};
// Minutes are NaN with rates of 0.  Throws UserError for a checkpoint that cannot be read.
RunEstimate EstimateRun(const ExperimentConfig& config, const std::vector<VariantGroup>& groups,
                        const MachineRates& rates);

// What --dry-run prints: variants, minutes, GB, and how these were estimated.
std::string EstimateText(const ExperimentConfig& config, const RunEstimate& estimate,
                         const MachineRates& rates);

// The same for a config whose files are there; measures the rates.  Throws as CheckFilesExist and
// EstimateRun.
std::string EstimateOf(const ExperimentConfig& config);

}  // namespace plelab
