// Prints a config as YAML with every key, as /meta records it.
#pragma once

#include <string>

#include "harness/config/experiment_config.h"

namespace plelab {

// Every key of every section that the experiment uses, with its value.  Sweeps are expanded; a variant's
// `model` and `workload` hold only what differs from the config's own.  Parsing it gives the same config.
std::string ResolvedYaml(const ExperimentConfig& config);

}  // namespace plelab
