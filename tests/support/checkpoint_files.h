// Small or malformed checkpoint files, made by hand.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "tests/support/temporary_folder.h"

namespace plelab::testing {

// A safetensors file with any header: length (the header's unless told otherwise), header, and data_bytes
// bytes of 'x'.
inline std::string SafetensorsFile(const std::string& header, int64_t data_bytes) {
  const uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + std::string(static_cast<size_t>(data_bytes), 'x');
}

inline std::string WithHeaderLength(std::string file, uint64_t length) {
  std::memcpy(file.data(), &length, 8);
  return file;
}

// A text-only config.json in the newer spelling, small enough to reason about: 3 layers, of which the last
// shares keys.
inline std::string TinyConfig() {
  return R"({
  "model_type": "gemma3n_text",
  "vocab_size": 40, "vocab_size_per_layer_input": 32,
  "hidden_size": 16, "hidden_size_per_layer_input": 4,
  "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
  "intermediate_size": [24, 24, 32], "num_kv_shared_layers": 1, "sliding_window": 4,
  "laurel_rank": 2, "altup_num_inputs": 2, "altup_active_idx": 0, "altup_correct_scale": true,
  "altup_coef_clip": 120.0, "rms_norm_eps": 1e-06, "final_logit_softcapping": 30.0,
  "max_position_embeddings": 128, "activation_sparsity_pattern": [0.9, 0.0, 0.0],
  "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
  "rope_parameters": {"full_attention": {"rope_theta": 1000000.0, "rope_type": "default"},
                      "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"}},
  "hidden_activation": "gelu_pytorch_tanh", "attention_bias": false,
  "bos_token_id": 2, "eos_token_id": [1, 106], "pad_token_id": 0
})";
}

// Returns `text` with the first `from` replaced; `from` must occur in it.
inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("no '" + from + "' to replace");
  return text.replace(at, from.size(), to);
}

}  // namespace plelab::testing
