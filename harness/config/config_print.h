// A config as YAML again, with every key: what /meta records.
#pragma once

#include <string>

#include "harness/config/experiment_config.h"

namespace plelab {

// Every key of every section that the experiment uses, with its value; sweeps multiplied out, a variant's
// `model` and `workload` hold what differs from the config's own.  Parsing it gives the same config.
std::string ResolvedYaml(const ExperimentConfig& config);

}  // namespace plelab
