// A training run, from its config to weights, curves and scores on held-out text.
#pragma once

#include <string>

#include "harness/record/record.h"
#include "harness/training/training_config.h"

namespace plelab {

struct TrainingOptions {
  std::string command;      // reproduces the run; for /meta
  std::string config_path;  // for /meta
  bool resume = false;      // continues a stopped run; without one, starts a new run
  bool force = false;       // starts anew despite a saved state, and replaces an existing result
};

struct TrainingResult {
  std::string path;        // of the result file
  std::string checkpoint;  // folder of the weights
  Record record;
};

// Trains, writes the checkpoint, scores it and writes the result.  The state is saved every
// output.save_every_s, on Ctrl-C and at the end, and removed once the result is written.  A run killed at any
// moment resumes from the last saved state and ends with the same weights, bit for bit, as an uninterrupted
// run (with the same threads and processor).  Throws UserError before anything is computed (for missing
// files, a result or unfinished run that exists or that another process writes, data or a start checkpoint
// that changed since the run was stopped), RunError when saving fails or the loss diverges, and Interrupted
// after Ctrl-C.
TrainingResult Train(const TrainingConfig& config, const TrainingOptions& options);

}  // namespace plelab
