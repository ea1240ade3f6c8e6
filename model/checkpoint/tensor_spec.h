// What a published checkpoint holds: every tensor's name, shape and what it is for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab {

enum class ParameterGroup {
  kTextStack,       // decoder layers, AltUp, LAuReL, PLE gates and projections; neither embedding table
  kTokenEmbedding,  // embed_tokens, tied to the logits
  kPleTable,        // embed_tokens_per_layer
  kUnusedKv,  // k_proj, v_proj, k_norm of KV-sharing layers: published, never read, absent in transformers 5
              // files
  kVisionTower,
  kVisionEmbedder,
  kAudioTower,
  kAudioEmbedder,
};
inline constexpr int kParameterGroups = 8;

// "text_stack", "token_embedding", …
std::string_view Name(ParameterGroup group);

struct TensorSpec {
  std::string name;
  std::vector<int64_t> shape;
  ParameterGroup group = ParameterGroup::kTextStack;
  int64_t fan_in = 0;  // inputs that one output sums over: random matrices have std 1/√fan_in
  int64_t elements() const;
};

// fan_in: the product of all dimensions but the first.
TensorSpec MakeSpec(std::string name, std::vector<int64_t> shape, ParameterGroup group);

// "model." in text-only files, "model.language_model." in multimodal ones.
std::string TextPrefix(const Gemma3nConfig& config);

// The towers.  Names and shapes as timm's mobilenetv5_300m_enc and transformers' Gemma3nAudioEncoder
// make them.
std::vector<TensorSpec> VisionTowerTensors(const VisionConfig& config);
std::vector<TensorSpec> AudioTowerTensors(const AudioConfig& config);

}  // namespace plelab
