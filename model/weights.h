// The weights as shaped structs.  ONE list per struct (model/weight_lists.h) walks them to load, verify,
// count, group and synthesise.  Names are the reference's (transformers Gemma3n*).
#pragma once

#include <torch/types.h>

#include <functional>
#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/config.h"
#include "model/tensor_spec.h"

namespace plelab {

enum class WeightFormat { kFloat32, kBFloat16 };
enum class WeightLayout { kRowMajor, kTransposed };

// The value of a linear map [out, in], with how it is stored.  Multiply with MatMul (model/matmul.h) only.
struct LinearWeight {
  torch::Tensor
      values;  // kRowMajor: [out, in]; kTransposed: [in, out].  Contiguous, 64-byte aligned when loaded
  WeightFormat format = WeightFormat::kFloat32;
  WeightLayout layout = WeightLayout::kRowMajor;
  int64_t out = 0;
  int64_t in = 0;
  int64_t nbytes() const { return values.defined() ? static_cast<int64_t>(values.nbytes()) : 0; }
};

struct AttentionWeights {
  LinearWeight q_proj;   // [heads · head_dim, hidden]
  LinearWeight k_proj;   // [kv_heads · head_dim, hidden]; undefined in KV-sharing layers
  LinearWeight v_proj;   // [kv_heads · head_dim, hidden]; undefined in KV-sharing layers
  LinearWeight o_proj;   // [hidden, heads · head_dim]
  torch::Tensor q_norm;  // [head_dim]
  torch::Tensor k_norm;  // [head_dim]; undefined in KV-sharing layers.  v has a norm without weight
};

struct MlpWeights {
  LinearWeight gate_proj;  // [ffn, hidden]
  LinearWeight up_proj;    // [ffn, hidden]
  LinearWeight
      down_proj;  // [hidden, ffn]; kTransposed in sparse layers on the CPU: a decode step reads few columns
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
  LinearWeight embed_tokens;                    // [vocab, hidden]; tied to the logits
  torch::Tensor embed_tokens_per_layer;         // [vocab_ple, layers · ple_dim]; undefined for inference: a
                                                // PleSource holds the rows.  Defined for training
  LinearWeight per_layer_model_projection;      // [layers · ple_dim, hidden]
  torch::Tensor per_layer_projection_norm;      // [ple_dim]
  std::vector<LinearWeight> altup_projections;  // n − 1 of [hidden, hidden]
  std::vector<LinearWeight> altup_unembed_projections;  // n − 1 of [hidden, hidden]
  torch::Tensor norm;                                   // [hidden]
  std::vector<DecoderLayerWeights> layers;
};

// transformers Gemma3nMultimodalEmbedder (embed_vision, embed_audio).  The post-projection norm has no
// weight.
struct EmbedderWeights {
  torch::Tensor embedding;            // [vocab, tower hidden]
  torch::Tensor hard_embedding_norm;  // [tower hidden]
  torch::Tensor soft_embedding_norm;  // [tower hidden]
  LinearWeight embedding_projection;  // [hidden, tower hidden]
};

struct LoadOptions {
  DType dtype = DType::kBFloat16;  // kFloat32 or kBFloat16: what every weight is converted to
  torch::Device device = torch::kCPU;
  bool ple_table = false;  // also load embed_tokens_per_layer as a tensor (training)
  std::function<void(int64_t done_bytes, int64_t total_bytes)> progress = nullptr;  // may be empty
};

// Reads the text stack (k/v of KV-sharing layers and the PLE table left alone).  Tensors lie in one huge-page
// arena, 64-byte aligned; conversion happens while reading, a checkpoint is never held twice. Throws
// UserError listing at once every tensor that is missing, extra, or of the wrong shape or dtype.
TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options);
// Only the tensors that `is_wanted` names; the others stay undefined.
TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options,
                            const std::function<bool(const TensorSpec&)>& is_wanted);
// The two embedders; loaded on first use.
EmbedderWeights LoadVisionEmbedder(const Checkpoint& checkpoint, const LoadOptions& options);
EmbedderWeights LoadAudioEmbedder(const Checkpoint& checkpoint, const LoadOptions& options);

// Random text weights for tests and training, every tensor drawn (norms and scales around 1, matrices std
// 1/√fan_in).
TextWeights RandomTextWeights(const TextConfig& config, int64_t seed, DType dtype);

}  // namespace plelab
