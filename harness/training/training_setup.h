// What every kind of training begins with.
#pragma once

#include <string>

#include "harness/training/trainer.h"
#include "model/training/text_trainee.h"

namespace plelab {

inline constexpr int64_t kMostTrainingRows = 400;  // of /training/NAME_SEED

// Throws UserError for a result that is there, unless it may be replaced.
void CheckResultIsNew(const OutputSection& output, const TrainingOptions& options);

// The arm's text model: from arm.start, else of seeded random weights.  Throws as MakeTrainee and StartFrom.
TextTrainee MakeStart(const TrainingConfig& config, const std::string& config_json);

// A step frees and takes the same blocks as the one before: given back to the system, the same pages would
// have to be cleared again and again.
void KeepFreedMemory();

}  // namespace plelab
