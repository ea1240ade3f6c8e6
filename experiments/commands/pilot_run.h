// A short run of a config, only to see how much its times vary.
#pragma once

#include "experiments/questions/experiment.h"
#include "harness/results/detectable.h"

namespace plelab {

// Runs PilotOf(config) into a temporary folder, which is removed, and returns what it recorded.  Like a run
// it makes a folded table that a variant needs and that does not exist.  Throws UserError when the checkpoint
// is yet to be written (`synth`), and as Run; Interrupted after Ctrl-C.
EarlierRun RunPilot(const Experiment& experiment, const ExperimentConfig& config, bool allow_debug);

}  // namespace plelab
