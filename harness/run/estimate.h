// Estimates the time, memory and disk space of a run before it starts, from the shapes and from two rates of
// this machine, which take a second to measure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/plan/run_plan.h"

namespace plelab {

inline constexpr int64_t kProgramBytes = 400'000'000;  // LibTorch, buffers, one step's logits

struct MachineRates {
  double read_gb_s = 0;       // MeasureReadBandwidth
  double matmul_gflop_s = 0;  // of a matrix product as large as those of prefill
};
MachineRates MeasureMachineRates(const ModelSection& section);

struct VariantEstimate {
  std::string variant, strategy;
  int64_t fast_bytes = 0;     // PLE rows in RAM
  int64_t file_bytes = 0;     // PLE rows on storage
  int64_t process_bytes = 0;  // in a process of its own: weights, KV cache, rows and the program
};

struct RunEstimate {
  std::vector<VariantEstimate> variants;
  int64_t memory_bytes = 0;     // the most memory that is held at once
  int64_t synth_bytes = 0;      // size of the random checkpoint that is written first, or 0
  int64_t own_table_bytes = 0;  // copies of the table for the time of the run (design.own_table)
  int64_t result_bytes = 0;
  double minutes = 0;       // with design.reps repetitions
  double most_minutes = 0;  // with stop.max_reps repetitions
};
// With rates of 0, minutes are NaN.
RunEstimate EstimateRun(const RunPlan& plan, const MachineRates& rates);

// The text that --dry-run prints: variants, minutes, sizes, and how these were estimated.
std::string EstimateText(const ExperimentConfig& config, const RunEstimate& estimate,
                         const MachineRates& rates);

// Makes the plan of `config`, measures the rates and returns EstimateText.  Throws as CheckFilesExist,
// ResolvePlan and CheckTasks.
std::string EstimateOf(const ExperimentConfig& config);

}  // namespace plelab
