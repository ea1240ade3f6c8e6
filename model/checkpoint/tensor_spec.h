// What a published checkpoint holds: the name, shape and purpose of every tensor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab {

enum class ParameterGroup {
  kTextStack,  // decoder layers, AltUp, LAuReL, PLE gates and projections; neither of the embedding tables
  kTokenEmbedding,  // embed_tokens, which is also the output layer unless kOwnHead is there
  kPleTable,        // embed_tokens_per_layer
  // k_proj, v_proj and k_norm of layers that share keys and values: published but never read, and absent from
  // files that transformers 5 saved.
  kUnusedKv,
  kVisionTower,
  kVisionEmbedder,
  kAudioTower,
  kAudioEmbedder,
  kOwnHead,  // lm_head where it is not tied to embed_tokens
};
inline constexpr int kParameterGroups = 9;

// The output layer's tensor, in text-only and in multimodal checkpoints.
inline constexpr char kHeadTensor[] = "lm_head.weight";

// "text_stack", "token_embedding", …
std::string_view Name(ParameterGroup group);

struct TensorSpec {
  std::string name;
  std::vector<int64_t> shape;
  ParameterGroup group = ParameterGroup::kTextStack;
  int64_t fan_in = 0;  // inputs that each output sums over; random matrices have std 1/√fan_in
  int64_t elements() const;
};

// Sets fan_in to the product of all dimensions but the first.
TensorSpec MakeSpec(std::string name, std::vector<int64_t> shape, ParameterGroup group);

// "model." in text-only checkpoints, "model.language_model." in multimodal ones.
std::string TextPrefix(const Gemma3nConfig& config);

// The tensors of the two towers, with names and shapes as timm's mobilenetv5_300m_enc and transformers'
// Gemma3nAudioEncoder create them.
std::vector<TensorSpec> VisionTowerTensors(const VisionConfig& config);
std::vector<TensorSpec> AudioTowerTensors(const AudioConfig& config);

}  // namespace plelab
