#include "model/text/layer_list.h"

#include "model/base/error.h"

namespace plelab {
namespace {

void Require(bool holds, size_t position, const char* what, int64_t found, const char* expected) {
  if (!holds)
    throw UserError("layer list, position {}: {} is {}, expected {}", position, what, found, expected);
}

}  // namespace

LayerList DefaultLayers(const TextConfig& config) {
  LayerList layers;
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    layers.push_back({.source_layer = i,
                      .kv_donor = config.kv_donor(i),
                      .ffn_width = config.intermediate_size[i],
                      .ple_slice = i,
                      .type = config.layer_types[i],
                      .activation_sparsity = config.activation_sparsity_pattern[i]});
  }
  return layers;
}

void CheckLayers(const LayerList& layers, const TextConfig& config) {
  if (layers.empty()) throw UserError("layer list: it is empty, expected at least one layer");
  const int64_t count = config.num_hidden_layers;
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerSpec& layer = layers[i];
    Require(layer.source_layer >= 0 && layer.source_layer < count, i, "source_layer", layer.source_layer,
            "a layer of the checkpoint");
    Require(layer.ple_slice >= kNoPle && layer.ple_slice < count, i, "ple_slice", layer.ple_slice,
            "a layer of the checkpoint, or -1 for none");
    Require(layer.ffn_width > 0 && layer.ffn_width <= config.intermediate_size[layer.source_layer], i,
            "ffn_width", layer.ffn_width, "1 to the source layer's intermediate_size");
    Require(layer.activation_sparsity >= 0 && layer.activation_sparsity < 1, i,
            "activation_sparsity in percent", static_cast<int64_t>(layer.activation_sparsity * 100),
            "0 to 99");
    const auto donor = static_cast<size_t>(layer.kv_donor);
    Require(layer.kv_donor >= 0 && donor <= i, i, "kv_donor", layer.kv_donor,
            "this position or an earlier one");
    if (donor == i) {
      Require(!config.is_kv_shared(layer.source_layer), i, "source_layer", layer.source_layer,
              "a layer with key and value weights, because kv_donor is the position itself");
      continue;
    }
    Require(layers[donor].kv_donor == layer.kv_donor, i, "kv_donor", layer.kv_donor,
            "a position that makes keys");
    Require(layers[donor].type == layer.type, i, "kv_donor", layer.kv_donor,
            "a position of the same layer type");
  }
}

int64_t LastDonor(const LayerList& layers) {
  int64_t last = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(layers.size()); ++i) {
    if (MakesKeys(layers, i)) last = i;
  }
  return last;
}

}  // namespace plelab
