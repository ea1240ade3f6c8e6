// The table printed at the end of a run that scored only accuracy.
#pragma once

#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/run/runner.h"

namespace plelab {

// One line per variant: its name, cut in the middle where it is too long, the bytes of the table in its form,
// nats per token, and what is lost compared with the baseline.
std::string AccuracySummary(const ExperimentConfig& config, const RunResult& result);

// What an experiment says about a variant before its accuracy.
struct VariantColumn {
  std::string title;
  std::string (*text)(const VariantRow& variant);
};
// The same with the experiment's own columns in place of the table's bytes.
std::string AccuracySummary(const RunResult& result, const std::vector<VariantColumn>& columns);

}  // namespace plelab
