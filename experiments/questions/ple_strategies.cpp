// Does where the PLE table lives change speed, memory or output?
#include "experiments/questions/experiment.h"
#include "harness/results/summary_table.h"
#include "harness/run/estimate.h"

namespace plelab {
namespace {

std::string StrategiesSummary(const ExperimentConfig&, const RunResult& result) {
  return SummaryTable(result.record);
}

}  // namespace

Experiment PleStrategies() { return {Run, EstimateOf, StrategiesSummary}; }

}  // namespace plelab
