#include "model/checkpoint/tensor_spec.h"

#include <utility>

namespace plelab {

std::string_view Name(ParameterGroup group) {
  switch (group) {
    case ParameterGroup::kTextStack:
      return "text_stack";
    case ParameterGroup::kTokenEmbedding:
      return "token_embedding";
    case ParameterGroup::kPleTable:
      return "ple_table";
    case ParameterGroup::kUnusedKv:
      return "unused_kv";
    case ParameterGroup::kVisionTower:
      return "vision_tower";
    case ParameterGroup::kVisionEmbedder:
      return "vision_embedder";
    case ParameterGroup::kAudioTower:
      return "audio_tower";
    case ParameterGroup::kAudioEmbedder:
      return "audio_embedder";
    case ParameterGroup::kOwnHead:
      return "lm_head";
  }
  return "";
}

int64_t TensorSpec::elements() const {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

TensorSpec MakeSpec(std::string name, std::vector<int64_t> shape, ParameterGroup group) {
  TensorSpec spec{std::move(name), std::move(shape), group, 1};
  for (size_t i = 1; i < spec.shape.size(); ++i) spec.fan_in *= spec.shape[i];
  return spec;
}

std::string TextPrefix(const Gemma3nConfig& config) {
  return config.text_only ? "model." : "model.language_model.";
}

}  // namespace plelab
