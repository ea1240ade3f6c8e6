#include "model/text/layer_edit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

#include "model/base/error.h"
#include "model/base/layer_set.h"

namespace plelab {
namespace {

bool Has(const std::vector<int64_t>& layers, int64_t layer) {
  return std::ranges::find(layers, layer) != layers.end();
}

void CheckNamed(std::string_view key, const std::vector<int64_t>& layers, int64_t count) {
  for (const int64_t layer : layers) {
    if (layer >= 0 && layer < count) continue;
    throw UserError("'{}' names layer {}, the checkpoint has layers 0 to {}", key, layer, count - 1);
  }
}

std::vector<int64_t> LayersThatRun(const LayerEdit& edit, int64_t count) {
  if (!edit.order.empty()) return edit.order;
  std::vector<int64_t> run;
  for (int64_t layer = 0; layer < count; ++layer) {
    if (Has(edit.skip, layer)) continue;
    run.push_back(layer);
    if (edit.repeat.empty() || layer != edit.repeat.back()) continue;
    for (int64_t i = 1; i < edit.times; ++i) run.insert(run.end(), edit.repeat.begin(), edit.repeat.end());
  }
  if (run.empty()) throw UserError("'skip' names every layer of the checkpoint: leave at least one");
  return run;
}

int64_t WidthOf(int64_t layer, const LayerEdit& edit, int64_t full) {
  if (edit.ffn.empty()) return full;
  const FfnWidth& width = edit.ffn.size() == 1 ? edit.ffn.front() : edit.ffn[layer];
  if (width.units > full) {
    throw UserError("'ffn' is {} units for layer {}, which has {}; a slice is at most as wide", width.units,
                    layer, full);
  }
  if (width.units > 0) return width.units;
  if (!(width.share > 0 && width.share <= 1)) {
    throw UserError("'ffn' is a share of {} for layer {}, expected one above 0 and at most 1", width.share,
                    layer);
  }
  return std::max<int64_t>(1, std::llround(width.share * static_cast<double>(full)));
}

std::string_view NameOf(LayerType type) {
  return type == LayerType::kFull ? "full_attention" : "sliding_attention";
}

[[noreturn]] void RefuseOrphan(const LayerList& layers, size_t position, const TextConfig& config) {
  const LayerSpec& orphan = layers[position];
  std::vector<int64_t> makers;
  for (int64_t layer = 0; layer < config.first_kv_shared_layer(); ++layer) {
    if (config.layer_types[layer] == orphan.type) makers.push_back(layer);
  }
  throw UserError(
      "layer {} ({}) reads the keys of an earlier layer of its type, and at position {} none has run; "
      "let one of the layers {} run before it, or leave it out as well",
      orphan.source_layer, NameOf(orphan.type), position, FormatLayers(makers));
}

}  // namespace

void CheckLayerEdit(const LayerEdit& edit) {
  if (!edit.order.empty() && !(edit.skip.empty() && edit.repeat.empty())) {
    throw UserError(
        "'order' names every layer that runs, so '{}' has no say beside it: leave the layers to skip out of "
        "the order, and write those to repeat twice",
        edit.skip.empty() ? "repeat" : "skip");
  }
  for (auto layer = edit.skip.begin(); layer != edit.skip.end(); ++layer) {
    if (std::find(edit.skip.begin(), layer, *layer) != layer)
      throw UserError("'skip' names layer {} twice", *layer);
  }
  for (size_t i = 0; i < edit.repeat.size(); ++i) {
    if (edit.repeat[i] != edit.repeat[0] + static_cast<int64_t>(i)) {
      throw UserError("'repeat' is {}, expected one layer or neighbours such as 4-6; other copies: 'order'",
                      FormatLayers(edit.repeat));
    }
    if (Has(edit.skip, edit.repeat[i]))
      throw UserError("layer {} is in both 'skip' and 'repeat'", edit.repeat[i]);
  }
}

LayerList EditLayers(const LayerEdit& edit, const TextConfig& config) {
  CheckLayerEdit(edit);
  const int64_t count = config.num_hidden_layers;
  CheckNamed("skip", edit.skip, count);
  CheckNamed("repeat", edit.repeat, count);
  CheckNamed("order", edit.order, count);
  if (edit.ffn.size() > 1 && std::ssize(edit.ffn) != count) {
    throw UserError("'ffn' lists {} widths, expected one, or one for each of the checkpoint's {} layers",
                    edit.ffn.size(), count);
  }
  const LayerList whole = DefaultLayers(config);
  LayerList layers;
  for (const int64_t layer : LayersThatRun(edit, count)) {
    layers.push_back(whole[layer]);
    layers.back().ffn_width = WidthOf(layer, edit, config.intermediate_size[layer]);
  }
  MendDonors(layers, config);
  CheckLayers(layers, config);
  return layers;
}

void MendDonors(LayerList& layers, const TextConfig& config) {
  constexpr int64_t kNone = -1;
  int64_t last_full = kNone, last_sliding = kNone;
  for (size_t i = 0; i < layers.size(); ++i) {
    int64_t& last = layers[i].type == LayerType::kFull ? last_full : last_sliding;
    if (!config.is_kv_shared(layers[i].source_layer)) last = static_cast<int64_t>(i);
    if (last == kNone) RefuseOrphan(layers, i, config);
    layers[i].kv_donor = last;
  }
}

TextConfig ConfigOf(const LayerList& layers, const TextConfig& config) {
  TextConfig edited = config;
  edited.num_hidden_layers = std::ssize(layers);
  edited.num_kv_shared_layers = 0;
  edited.intermediate_size.clear();
  edited.activation_sparsity_pattern.clear();
  edited.layer_types.clear();
  for (size_t i = 0; i < layers.size(); ++i) {
    edited.num_kv_shared_layers += !MakesKeys(layers, static_cast<int64_t>(i));
    edited.intermediate_size.push_back(layers[i].ffn_width);
    edited.activation_sparsity_pattern.push_back(layers[i].activation_sparsity);
    edited.layer_types.push_back(layers[i].type);
  }
  return edited;
}

}  // namespace plelab
