// The weights of the text stack as structs whose shapes are given.  One list per struct (text_weight_list.h)
// walks them to load, verify, count, group and synthesise.  Names are the reference's (transformers
// Gemma3n*).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/base/dtype.h"
#include "model/checkpoint/config.h"
#include "model/weights/linear_weight.h"

namespace plelab {

struct AttentionWeights {
  LinearWeight q_proj;   // [heads · head_dim, hidden]
  LinearWeight k_proj;   // [kv_heads · head_dim, hidden]; undefined in KV-sharing layers
  LinearWeight v_proj;   // [kv_heads · head_dim, hidden]; undefined in KV-sharing layers
  LinearWeight o_proj;   // [hidden, heads · head_dim]
  torch::Tensor q_norm;  // [head_dim]
  torch::Tensor k_norm;  // [head_dim]; undefined in KV-sharing layers.  The norm of v has no weight
};

struct MlpWeights {
  LinearWeight gate_proj;  // [ffn, hidden]
  LinearWeight up_proj;    // [ffn, hidden]
  // [hidden, ffn]; kTransposed in sparse layers on the CPU, where a decode step reads few of its columns.
  LinearWeight down_proj;
};

struct AltUpWeights {
  torch::Tensor correct_output_scale;  // [hidden]
  LinearWeight correction_coefs;       // [n, n], n = altup_num_inputs
  LinearWeight prediction_coefs;       // [n · n, n]
  LinearWeight modality_router;        // [n, hidden]
  torch::Tensor router_norm;           // [hidden]
};

struct LaurelWeights {
  LinearWeight linear_left;        // [rank, hidden]
  LinearWeight linear_right;       // [hidden, rank]
  torch::Tensor post_laurel_norm;  // [hidden]
};

struct DecoderLayerWeights {
  AltUpWeights altup;
  LaurelWeights laurel;
  AttentionWeights self_attn;
  MlpWeights mlp;
  torch::Tensor input_layernorm;             // [hidden]
  torch::Tensor post_attention_layernorm;    // [hidden]
  torch::Tensor pre_feedforward_layernorm;   // [hidden]
  torch::Tensor post_feedforward_layernorm;  // [hidden]
  LinearWeight per_layer_input_gate;         // [ple_dim, hidden]
  LinearWeight per_layer_projection;         // [hidden, ple_dim]
  torch::Tensor post_per_layer_input_norm;   // [hidden]
};

struct TextWeights {
  LinearWeight embed_tokens;  // [vocab, hidden]
  // [vocab_ple, layers · ple_dim].  Defined for training only: in inference a PleSource holds the rows.
  torch::Tensor embed_tokens_per_layer;
  LinearWeight per_layer_model_projection;              // [layers · ple_dim, hidden]
  torch::Tensor per_layer_projection_norm;              // [ple_dim]
  std::vector<LinearWeight> altup_projections;          // n − 1 of [hidden, hidden]
  std::vector<LinearWeight> altup_unembed_projections;  // n − 1 of [hidden, hidden]
  torch::Tensor norm;                                   // [hidden]
  std::vector<DecoderLayerWeights> layers;
  LinearWeight lm_head;  // [vocab, hidden]; undefined where the logits are tied to embed_tokens

  // The map from the last hidden state to the logits.
  const LinearWeight& head() const { return lm_head.defined() ? lm_head : embed_tokens; }
};

// transformers Gemma3nMultimodalEmbedder (embed_vision, embed_audio).  Its post-projection norm has no
// weight.
struct EmbedderWeights {
  torch::Tensor embedding;            // [vocab, tower hidden]
  torch::Tensor hard_embedding_norm;  // [tower hidden]
  torch::Tensor soft_embedding_norm;  // [tower hidden]
  LinearWeight embedding_projection;  // [hidden, tower hidden]
};

// Returns as many layers and AltUp projections as the config has, with every tensor undefined.
TextWeights EmptyTextWeights(const TextConfig& config);

// Random text weights for tests and training.  Every tensor is drawn: norms and scales around 1, matrices
// with std 1/√fan_in.
TextWeights RandomTextWeights(const TextConfig& config, int64_t seed, DType dtype);

}  // namespace plelab
