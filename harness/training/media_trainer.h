// Trains the towers of a multimodal model before a text model that is there already.
#pragma once

#include "harness/training/trainer.h"

namespace plelab {

// As Train, of a config with `media`; writes the checkpoint and the loss curve, scores nothing (that is
// `plelab run` with accuracy.tasks).  Minutes, so that no state is kept: --resume is refused, Ctrl-C loses
// the run.
TrainingResult TrainMedia(const TrainingConfig& config, const TrainingOptions& options);

}  // namespace plelab
