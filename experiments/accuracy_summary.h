// The table at the end of a run that scored accuracy alone.
#pragma once

#include <string>

#include "harness/experiment_config.h"
#include "harness/runner.h"

namespace plelab {

// One line per variant: bytes of the table in its form, nats per token, what is lost against the baseline.
std::string AccuracySummary(const ExperimentConfig& config, const RunResult& result);

}  // namespace plelab
