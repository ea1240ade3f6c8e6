// A shallower stack, layers copied deeper, a narrower one: what do layers and their width buy?  The accuracy
// of one set of weights as the list of layers changes, MatFormer slices included.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/accuracy_summary.h"
#include "experiments/experiment.h"
#include "harness/estimate.h"

namespace plelab {
namespace {

nlohmann::json Options(const VariantRow& variant) { return nlohmann::json::parse(variant.options_json); }

std::string LayersRun(const VariantRow& variant) { return Options(variant).value("layers_run", ""); }

std::string StackParameters(const VariantRow& variant) {
  return fmt::format("{:.3f}", Options(variant).value("stack_parameters", 0.0) * 1e-6);
}

std::string Summary(const ExperimentConfig& /*config*/, const RunResult& result) {
  return AccuracySummary(result, {{"layers run", LayersRun}, {"stack M", StackParameters}});
}

}  // namespace

Experiment Depth() { return {Run, EstimateOf, Summary}; }

}  // namespace plelab
