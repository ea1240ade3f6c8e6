// A text config with every kind of layer that a layer list distinguishes.
#pragma once

#include <utility>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab::testing {

// Layers 0 to 3 make keys, 4 to 6 share them.  Layers 1, 3 and 4 are full, the others sliding.
inline TextConfig MixedLayers(std::vector<int64_t> intermediate_size) {
  constexpr LayerType kS = LayerType::kSliding, kF = LayerType::kFull;
  TextConfig c;
  c.num_hidden_layers = 7;
  c.num_kv_shared_layers = 3;
  c.layer_types = {kS, kF, kS, kF, kF, kS, kS};
  c.intermediate_size = std::move(intermediate_size);
  c.activation_sparsity_pattern = {0.95, 0, 0, 0, 0, 0, 0};
  return c;
}

}  // namespace plelab::testing
