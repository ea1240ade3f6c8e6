// The field lists of a config as a JSON Schema (draft 7, which editors support best).
#pragma once

#include <string>

namespace plelab {

// For configs of `plelab run`: configs/experiment.schema.json.  A test compares the two.
std::string ExperimentJsonSchema();
// For configs of `plelab train`: configs/training.schema.json.  A test compares the two.
std::string TrainingJsonSchema();

}  // namespace plelab
