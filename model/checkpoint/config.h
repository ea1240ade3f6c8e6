// config.json as published and as transformers 4.53 … 5.23 writes it.  No key has a silent default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plelab {

enum class LayerType { kSliding, kFull };

// transformers Gemma3nTextConfig.  Once read, every per-layer list has num_hidden_layers entries.
struct TextConfig {
  int64_t vocab_size = 0;                  // rows of embed_tokens
  int64_t vocab_size_per_layer_input = 0;  // rows of the PLE table
  int64_t hidden_size = 0;
  int64_t hidden_size_per_layer_input = 0;  // ple_dim
  int64_t num_hidden_layers = 0;
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;
  int64_t head_dim = 0;
  int64_t num_kv_shared_layers = 0;  // the last layers, which read the keys and values of a donor layer
  int64_t sliding_window = 0;        // a query at q sees keys at k with q − k < sliding_window
  int64_t laurel_rank = 0;
  int64_t altup_num_inputs = 0;
  int64_t altup_active_idx = 0;
  bool altup_correct_scale = true;
  std::optional<double> altup_coef_clip;
  double rms_norm_eps = 0;
  double final_logit_softcapping = 0;  // 0: no capping
  double rope_theta_full = 0;
  double rope_theta_sliding = 0;
  int64_t max_position_embeddings = 0;
  bool tie_word_embeddings = true;  // as the file says, which no published file contradicts
  // The logits are the product with lm_head.weight, a tensor of its own; false: with embed_tokens.  As in the
  // reference, tensors decide where the file says "tied": see Checkpoint::Open.
  bool own_head = false;
  std::vector<int64_t> intermediate_size;           // [layers]
  std::vector<double> activation_sparsity_pattern;  // [layers], 0 = dense
  std::vector<LayerType> layer_types;               // [layers]

  int64_t first_kv_shared_layer() const { return num_hidden_layers - num_kv_shared_layers; }
  bool is_kv_shared(int64_t layer) const { return layer >= first_kv_shared_layer(); }
  // The layer whose keys and values `layer` reads: itself, or the last layer of its type that does not share.
  int64_t kv_donor(int64_t layer) const;
  bool operator==(const TextConfig&) const = default;
};

// transformers Gemma3nVisionConfig (timm mobilenetv5_300m_enc).
struct VisionConfig {
  int64_t hidden_size = 0;
  int64_t vocab_size = 0;
  int64_t vocab_offset = 0;
  double rms_norm_eps = 0;
  std::string architecture;
  double channel_multiplier = 1.0;  // model_args.channel_multiplier; 1 when the file has no model_args
};

// transformers Gemma3nAudioConfig.
struct AudioConfig {
  int64_t hidden_size = 0;
  int64_t vocab_size = 0;
  int64_t vocab_offset = 0;
  double rms_norm_eps = 0;
  int64_t input_feat_size = 0;
  double gradient_clipping = 0;
  int64_t conf_attention_chunk_size = 0;
  int64_t conf_attention_context_left = 0;
  int64_t conf_attention_context_right = 0;
  double conf_attention_logit_cap = 0;
  int64_t conf_num_attention_heads = 0;
  int64_t conf_num_hidden_layers = 0;
  int64_t conf_conv_kernel_size = 0;
  int64_t conf_reduction_factor = 0;
  double conf_residual_weight = 0;
  std::vector<int64_t> sscp_conv_channel_size;  // [2]
  double sscp_conv_group_norm_eps = 0;
  std::vector<std::vector<int64_t>> sscp_conv_kernel_size;  // [2][2] (time, frequency)
  std::vector<std::vector<int64_t>> sscp_conv_stride_size;  // [2][2]
};

// Ids of special tokens, which a vocabulary file need not have.
struct SpecialTokens {
  int64_t boi = -1, eoi = -1, image = -1, boa = -1, eoa = -1, audio = -1;
  int64_t vision_soft_tokens_per_image = 0, audio_soft_tokens_per_image = 0;
};

struct Gemma3nConfig {
  bool text_only = false;  // model_type gemma3n_text: tensors are named `model.…`; no towers or embedders
  TextConfig text;
  std::optional<VisionConfig> vision;
  std::optional<AudioConfig> audio;
  SpecialTokens special;
  int64_t bos_token_id = -1, pad_token_id = -1;
  std::vector<int64_t> eos_token_ids;
};

// Reads a config.json.  Throws UserError naming file and key for a missing key, a wrong type, a list of the
// wrong length, or layers that contradict each other.  Ignores keys that do not change the result
// (initializer_range, …).
Gemma3nConfig ReadConfig(const std::string& path);
// The same from a string.  Error messages name `origin` as its source.
Gemma3nConfig ParseConfig(const std::string& json, const std::string& origin);
// The text of a shape's config.json: the name of one that is built in (EmbeddedShapes), or the path of a JSON
// file.  The published shapes are `e2b` and `e4b`.
std::string ShapeConfigJson(const std::string& shape);

}  // namespace plelab
