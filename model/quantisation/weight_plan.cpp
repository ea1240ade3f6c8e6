#include "model/quantisation/weight_plan.h"

#include <algorithm>

#include "model/catalog/text_weight_list.h"

namespace plelab {
namespace {

constexpr int64_t kFewest = 32;

bool IsPlanned(const TensorSpec& spec) {
  const bool is_read = spec.group == ParameterGroup::kTextStack ||
                       spec.group == ParameterGroup::kTokenEmbedding ||
                       spec.group == ParameterGroup::kOwnHead;
  return is_read && spec.shape.size() == 2 && std::min(spec.shape[0], spec.shape[1]) >= kFewest;
}

bool IsKeptHigher(const TensorSpec& spec, const PlanOptions& options) {
  if (spec.group != ParameterGroup::kTextStack) return options.embedding_int8;
  return options.ple_int8 && spec.name.find("per_layer_") != std::string::npos;
}

struct Planner {
  const PlanOptions& options;
  std::map<std::string, PlannedWeight>& plan;

  void operator()(const TensorSpec&, const torch::Tensor&) const {}
  void operator()(const TensorSpec& spec, const LinearWeight& field) const {
    if (!IsPlanned(spec)) return;
    PlannedWeight planned{options.format, field.layout, options.rounding, spec.shape[0], spec.shape[1]};
    const bool divides = options.format.bits == 8 || planned.columns() % options.format.group == 0;
    if (!divides || IsKeptHigher(spec, options)) planned.format = {};
    plan[spec.name] = planned;
  }
};

}  // namespace

std::map<std::string, PlannedWeight> PlanWeights(const Gemma3nConfig& config, const PlanOptions& options) {
  std::map<std::string, PlannedWeight> plan;
  TextWeights weights = EmptyTextWeights(config.text);
  ForEachTensor(TextPrefix(config), config.text, weights, Planner{options, plan});
  return plan;
}

}  // namespace plelab
