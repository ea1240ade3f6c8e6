// A text config small enough to compute by hand, no two of its sizes alike.
#pragma once

#include <utility>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab::testing {

// Dense layers of one FFN width; the last `kv_shared` of them share keys.
inline TextConfig SmallTextConfig(std::vector<LayerType> layer_types, int64_t kv_shared) {
  TextConfig c;
  c.vocab_size = 83;
  c.vocab_size_per_layer_input = 71;
  c.hidden_size = 36;
  c.hidden_size_per_layer_input = 9;
  c.num_hidden_layers = static_cast<int64_t>(layer_types.size());
  c.num_attention_heads = 4;
  c.num_key_value_heads = 2;
  c.head_dim = 10;
  c.num_kv_shared_layers = kv_shared;
  c.sliding_window = 5;
  c.laurel_rank = 3;
  c.altup_num_inputs = 3;
  c.altup_active_idx = 1;
  c.rms_norm_eps = 1e-6;
  c.final_logit_softcapping = 30;
  c.rope_theta_full = 1e6;
  c.rope_theta_sliding = 1e4;
  c.max_position_embeddings = 64;
  c.intermediate_size.assign(layer_types.size(), 24);
  c.activation_sparsity_pattern.assign(layer_types.size(), 0);
  c.layer_types = std::move(layer_types);
  return c;
}

}  // namespace plelab::testing
