// The first steps of every kind of training.
#pragma once

#include <string>

#include "harness/training/trainer.h"
#include "model/training/text_trainee.h"

namespace plelab {

inline constexpr int64_t kMostTrainingRows = 400;  // of /training/NAME_SEED

// Throws UserError for a result that exists, unless it may be replaced, and where the result or the weights
// cannot be written.
void CheckResultIsNew(const OutputSection& output, const TrainingOptions& options);

// The arm's text model, from arm.start or else with seeded random weights.  Throws as MakeTrainee and
// StartFrom do.
TextTrainee MakeStart(const TrainingConfig& config, const std::string& config_json);

}  // namespace plelab
