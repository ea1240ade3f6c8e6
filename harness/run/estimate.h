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
  int64_t process_bytes = 0;  // of a process of its own: weights, KV cache, rows, the program
};

struct RunEstimate {
  std::vector<VariantEstimate> variants;
  int64_t memory_bytes = 0;  // the most that is held at once
  int64_t synth_bytes = 0;   // of a random checkpoint that will be written first; 0: of none
  int64_t result_bytes = 0;
  double minutes = 0;       // with design.reps repetitions
  double most_minutes = 0;  // with stop.max_reps repetitions
};
// Minutes are NaN with rates of 0.
RunEstimate EstimateRun(const RunPlan& plan, const MachineRates& rates);

// What --dry-run prints: variants, minutes, sizes, and how these were estimated.
std::string EstimateText(const ExperimentConfig& config, const RunEstimate& estimate,
                         const MachineRates& rates);

// The same for a config whose files are there: makes the plan and measures the rates.  Throws as
// CheckFilesExist and ResolvePlan.
std::string EstimateOf(const ExperimentConfig& config);

}  // namespace plelab
