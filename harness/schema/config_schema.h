// The field lists of a config as a JSON Schema (draft 7, which editors know best).
#pragma once

#include <string>

namespace plelab {

// Of `plelab run` configs: configs/experiment.schema.json.  A test compares the two.
std::string ExperimentJsonSchema();
// Of `plelab train` configs: configs/training.schema.json.  A test compares the two.
std::string TrainingJsonSchema();

}  // namespace plelab
