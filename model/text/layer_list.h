// Which layers a pass runs, as data: to skip, repeat or reorder layers, or to take a MatFormer slice, is to
// use another list, not other code.
#pragma once

#include <cstdint>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab {

inline constexpr int64_t kNoPle = -1;  // as a ple_slice: skip the layer's PLE branch

struct LayerSpec {
  int64_t source_layer = 0;  // the layer of the checkpoint whose weights it uses
  int64_t kv_donor = 0;      // list position whose keys and values it reads; its own: it makes them
  int64_t ffn_width = 0;     // rows of gate and up, and columns of down, that are used, from the first on
  // The layer whose part of a PLE row (and of per_layer_model_projection) it receives, or kNoPle.
  int64_t ple_slice = 0;
  LayerType type = LayerType::kSliding;
  double activation_sparsity = 0;  // share of FFN units that Gaussian top-k drops; 0: dense
  bool operator==(const LayerSpec&) const = default;
};

using LayerList = std::vector<LayerSpec>;

// The checkpoint's own order: layer i with its own weights, PLE slice and full width, and donors by
// TextConfig::kv_donor.
LayerList DefaultLayers(const TextConfig& config);

// Throws UserError naming the list position for an index outside the config, a donor that comes later, is of
// another type or makes no keys, a KV-sharing source layer that is asked to make its own keys, and a width
// outside (0, intermediate_size].
void CheckLayers(const LayerList& layers, const TextConfig& config);

inline bool MakesKeys(const LayerList& layers, int64_t position) {
  return layers[position].kv_donor == position;
}
// The last list position that makes keys and values.  After it, a pass needs only the tokens whose logits are
// wanted.
int64_t LastDonor(const LayerList& layers);

}  // namespace plelab
