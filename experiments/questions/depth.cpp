// A shallower stack, a deeper one with copied layers, a narrower one: what do layers and their width buy?
// Measures the accuracy of one set of weights as the list of layers changes, MatFormer slices included.

#include <nlohmann/json.hpp>

#include "experiments/questions/accuracy_summary.h"
#include "experiments/questions/experiment.h"
#include "harness/run/estimate.h"
#include "model/base/format.h"
#include "model/base/json_object.h"

namespace plelab {
namespace {

nlohmann::json Options(const VariantRow& variant) {
  return ParseJson(variant.options_json, "the options of " + variant.variant);
}

std::string LayersRun(const VariantRow& variant) { return Options(variant).value("layers_run", ""); }

std::string StackParameters(const VariantRow& variant) {
  return Format("{:.3f}", Options(variant).value("stack_parameters", 0.0) * 1e-6);
}

std::string DepthSummary(const ExperimentConfig& /*config*/, const RunResult& result) {
  return AccuracySummary(result, {{"layers run", LayersRun}, {"stack M", StackParameters}});
}

}  // namespace

Experiment Depth() { return {Run, EstimateOf, DepthSummary}; }

}  // namespace plelab
