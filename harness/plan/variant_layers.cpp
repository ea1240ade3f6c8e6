#include "harness/plan/variant_layers.h"

#include <nlohmann/json.hpp>

#include "harness/config/section_yaml.h"
#include "model/base/layer_set.h"
#include "model/catalog/parameter_count.h"

namespace plelab {
namespace {

using Json = nlohmann::ordered_json;

Json EditJson(const LayerEdit& edit) {
  Json json = Json::object();
  for (const YamlEntry& entry : Differences(ToYaml(edit), ToYaml(LayerEdit{})).entries) {
    Json& value = json[entry.key];
    if (!entry.value.is_list()) value = entry.value.scalar;
    for (const YamlNode& item : entry.value.items) value.push_back(item.scalar);
  }
  return json;
}

}  // namespace

void DescribeLayers(const LayerEdit& edit, const LayerList& layers, const Gemma3nConfig& model,
                    VariantRow& row) {
  Gemma3nConfig edited = model;
  edited.text = ConfigOf(layers, model.text);
  std::vector<int64_t> run;
  for (const LayerSpec& layer : layers) run.push_back(layer.source_layer);
  Json options = Json::parse(row.options_json);
  options["edit"] = EditJson(edit);
  options["layers_run"] = FormatLayers(run);
  options["stack_parameters"] =
      CountPublished(edited, DType::kBFloat16).parameters[ParameterGroup::kTextStack];
  row.options_json = options.dump();
}

}  // namespace plelab
