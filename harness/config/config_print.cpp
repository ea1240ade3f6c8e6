#include "harness/config/config_print.h"

#include <algorithm>
#include <utility>

#include "harness/config/section_yaml.h"

namespace plelab {
namespace {

bool SameValue(const YamlNode& a, const YamlNode& b) {
  return a.scalar == b.scalar && std::ranges::equal(a.items, b.items, SameValue);
}

YamlNode PrintVariant(const VariantConfig& variant, const ExperimentConfig& config) {
  YamlNode map = YamlNode::Map();
  map.Set("name", YamlNode::Scalar(variant.name));
  YamlNode& ple = map.Set("ple", YamlNode::Map());
  for (const auto& [key, value] : DescribePleOptions(variant.ple)) ple.Set(key, YamlNode::Scalar(value));
  const YamlNode model = Differences(ToYaml(variant.model), ToYaml(config.model));
  const YamlNode workload = Differences(ToYaml(variant.workload), ToYaml(config.workload));
  const YamlNode page_cache = Differences(ToYaml(variant.page_cache), ToYaml(config.page_cache));
  const YamlNode layers = Differences(ToYaml(variant.layers), ToYaml(LayerEdit{}));
  if (!model.entries.empty()) map.Set("model", model);
  if (!workload.entries.empty()) map.Set("workload", workload);
  if (!page_cache.entries.empty()) map.Set("page_cache", page_cache);
  if (!variant.group.empty()) map.Set("group", YamlNode::Scalar(variant.group));
  if (variant.own_table != config.design.own_table) map.Set("own_table", ToYaml(variant.own_table));
  if (!layers.entries.empty()) map.Set("layers", layers);
  return map;
}

bool Uses(const ExperimentConfig& config, std::string_view section) {
  const auto info = std::ranges::find(KnownExperiments(), config.experiment, &ExperimentInfo::name);
  const auto lists = [&](const auto& sections) {
    return std::ranges::find(sections, section) != sections.end();
  };
  if (section == "accuracy" && !config.accuracy.enabled) return false;
  if (section == "model" && config.model.checkpoint.empty()) return false;  // an experiment without a model
  return lists(info->required) || lists(info->optional);
}

}  // namespace

YamlNode Differences(const YamlNode& map, const YamlNode& base) {
  YamlNode differences = YamlNode::Map();
  for (const YamlEntry& entry : map.entries) {
    if (!SameValue(*base.Find(entry.key), entry.value)) differences.Set(entry.key, entry.value);
  }
  return differences;
}

std::string ResolvedYaml(const ExperimentConfig& config) {
  YamlNode root = YamlNode::Map();
  root.Set("experiment", YamlNode::Scalar(config.experiment));
  ExperimentConfig copy = config;  // the field lists need mutable references
  VisitSections(copy, [&](std::string_view key, auto& section, std::string_view) {
    if (Uses(config, key)) root.Set(key, ToYaml(section));
  });
  if (!config.shapes.empty()) {
    YamlNode& shapes = root.Set("shapes", YamlNode::List({}));
    for (const std::string& shape : config.shapes) shapes.items.push_back(YamlNode::Scalar(shape));
  }
  if (!config.variants.empty()) {
    YamlNode& variants = root.Set("variants", YamlNode::List({}));
    for (const VariantConfig& variant : config.variants)
      variants.items.push_back(PrintVariant(variant, config));
  }
  return PrintYaml(root);
}

}  // namespace plelab
