// Trains the towers of a multimodal model in front of an existing text model.
#pragma once

#include "harness/training/trainer.h"

namespace plelab {

// Like Train, for a config with `media`.  Writes the checkpoint and the loss curve but scores nothing
// (`plelab run` with accuracy.tasks does).  A run takes minutes, so no state is kept: --resume is refused,
// and Ctrl-C loses the run.
TrainingResult TrainMedia(const TrainingConfig& config, const TrainingOptions& options);

}  // namespace plelab
