#include "model/text/step_bytes.h"

#include <algorithm>
#include <cmath>

#include "model/catalog/text_weight_list.h"
#include "model/text/per_layer_input.h"

namespace plelab {
namespace {

int64_t Bytes(const torch::Tensor& t) { return t.defined() ? static_cast<int64_t>(t.nbytes()) : 0; }
int64_t Bytes(const LinearWeight& w) { return w.nbytes(); }
int64_t Bytes(const MlpWeights& w) { return Bytes(w.gate_proj) + Bytes(w.up_proj) + Bytes(w.down_proj); }

// Adds up the bytes of the tensors of one group.
struct ByteSum {
  ParameterGroup group;
  int64_t bytes = 0;
  template <class Field>
  void operator()(const TensorSpec& spec, const Field& field) {
    if (spec.group == group) bytes += Bytes(field);
  }
};

int64_t MlpBytes(const MlpWeights& w, const LayerSpec& spec) {
  const bool skips = spec.activation_sparsity > 0 && w.down_proj.layout == WeightLayout::kTransposed;
  const double active = skips ? 1.0 - spec.activation_sparsity : 1.0;
  const double width = static_cast<double>(spec.ffn_width) / static_cast<double>(w.gate_proj.out);
  const auto up_and_down = static_cast<double>(w.up_proj.nbytes() + w.down_proj.nbytes());
  return std::llround(width * (static_cast<double>(w.gate_proj.nbytes()) + active * up_and_down));
}

int64_t StoredBytes(DecoderLayerWeights w, int64_t source_layer, const TextConfig& c) {
  ByteSum sum{ParameterGroup::kTextStack};
  ForEachTensor("", c, source_layer, w, sum);
  return sum.bytes;
}

int64_t KeyMakingBytes(const AttentionWeights& w) {
  return Bytes(w.k_proj) + Bytes(w.v_proj) + Bytes(w.k_norm);
}

// What a layer reads to add its per-layer input to the streams.
int64_t PleBranchBytes(const DecoderLayerWeights& w) {
  return Bytes(w.altup.correct_output_scale) + Bytes(w.per_layer_input_gate) + Bytes(w.per_layer_projection) +
         Bytes(w.post_per_layer_input_norm);
}

// What all layers share to make per-layer inputs of the token's embedding.
int64_t PleProjectionBytes(const TextWeights& w) {
  return Bytes(w.per_layer_model_projection) + Bytes(w.per_layer_projection_norm);
}

int64_t LayerBytes(const DecoderLayerWeights& w, const LayerSpec& spec, const TextConfig& c, bool makes_keys,
                   const PerLayerRecipe& ple) {
  const int64_t idle = (makes_keys ? 0 : KeyMakingBytes(w.self_attn)) + (ple.branch ? 0 : PleBranchBytes(w));
  return StoredBytes(w, spec.source_layer, c) - Bytes(w.mlp) + MlpBytes(w.mlp, spec) - idle;
}

int64_t KeyValueBytes(const TextConfig& c, LayerType type, DType dtype, int64_t position) {
  const int64_t before = position + 1;
  const int64_t seen = type == LayerType::kSliding ? std::min(before, c.sliding_window) : before;
  return 2 * seen * c.num_key_value_heads * c.head_dim * SizeOf(dtype);
}

}  // namespace

int64_t StepBytes(const TextModel& model, DType kv_dtype, int64_t position, PleKind ple) {
  const TextConfig& c = model.config;
  const PerLayerRecipe recipe = RecipeOf(ple, c);
  const std::vector<DecoderLayerWeights>& stored = model.weights.layers;
  int64_t bytes = Bytes(model.weights.head()) + TextStackBytes(c, model.weights);
  if (!recipe.branch || !recipe.projection) bytes -= PleProjectionBytes(model.weights);
  for (size_t i = 0; i < stored.size(); ++i) bytes -= StoredBytes(stored[i], static_cast<int64_t>(i), c);
  for (int64_t i = 0; i < static_cast<int64_t>(model.layers.size()); ++i) {
    const LayerSpec& spec = model.layers[i];
    bytes += LayerBytes(stored[spec.source_layer], spec, c, MakesKeys(model.layers, i), recipe);
    bytes += KeyValueBytes(c, spec.type, kv_dtype, position);
  }
  return bytes;
}

int64_t TextStackBytes(const TextConfig& config, const TextWeights& weights) {
  TextWeights walked = weights;
  ByteSum sum{ParameterGroup::kTextStack};
  ForEachTensor("", config, walked, sum);
  return sum.bytes;
}

}  // namespace plelab
