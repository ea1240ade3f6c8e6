// A training run from its config to weights, curves and what held-out text says.
#pragma once

#include <string>

#include "harness/record/record.h"
#include "harness/training/training_config.h"

namespace plelab {

struct TrainingOptions {
  std::string command;      // what reproduces the run, for /meta
  std::string config_path;  // for /meta
  bool resume = false;      // goes on with a run that was stopped; where none was, starts one
  bool force = false;       // starts anew where there is a state, replaces a result that is there
};

struct TrainingResult {
  std::string path;        // of the result
  std::string checkpoint;  // folder of the weights
  Record record;
};

// Trains, writes the checkpoint, then scores it and writes the result.  The state is saved every
// output.save_every_s, on Ctrl-C and at the end, and removed once the result is written: killed at any
// moment, the run goes on from the state saved last, and ends with the same weights, bit for bit, as one that
// was not (same threads, same processor).  Throws UserError before anything is computed (files missing, a
// result or an unfinished run that is there); RunError when saving fails or the loss diverges; Interrupted
// after Ctrl-C.
TrainingResult Train(const TrainingConfig& config, const TrainingOptions& options);

}  // namespace plelab
