// Does where the PLE table lives change speed, memory or output?
#include "experiments/experiment.h"
#include "harness/estimate.h"
#include "harness/run_checks.h"
#include "harness/summary_table.h"

namespace plelab {
namespace {

std::string Estimate(const ExperimentConfig& config) {
  CheckFilesExist(config);
  const MachineRates rates = MeasureMachineRates(config.model);
  return EstimateText(config, EstimateRun(config, GroupVariants(config), rates), rates);
}

std::string Summary(const ExperimentConfig& config, const RunResult& result) {
  return SummaryTable(result.record, config.design.seed);
}

}  // namespace

Experiment PleStrategies() { return {Run, Estimate, Summary}; }

}  // namespace plelab
