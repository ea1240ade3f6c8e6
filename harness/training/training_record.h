// The result file of a training run.
#pragma once

#include "harness/record/record.h"
#include "harness/training/token_split.h"
#include "harness/training/trainer.h"
#include "harness/training/training_state.h"
#include "model/training/text_trainee.h"

namespace plelab {

// A finished training run.
struct TrainedRun {
  const TrainingConfig& config;
  const TrainingOptions& options;
  TextTrainee& trainee;
  const TokenSplit& train;
  const std::vector<int64_t>& counts;  // of each id in `train`
  const TrainingProgress& progress;
  double gemm_gflops = 0;  // of this machine, during this run
};

// Scores the trainee on evaluation.split and gathers everything that is recorded.  Throws as ReadTokenSplit
// does.
Record MakeTrainingRecord(const TrainedRun& run);

}  // namespace plelab
