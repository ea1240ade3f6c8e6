#include "model/text/decode/step_bytes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/catalog/text_weight_list.h"
#include "model/text/kv_ring.h"
#include "model/text/per_layer_input.h"

namespace plelab {
namespace {

int64_t Bytes(const torch::Tensor& t) { return t.defined() ? static_cast<int64_t>(t.nbytes()) : 0; }
int64_t Bytes(const LinearWeight& w) { return w.nbytes(); }

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

// With LAuReL's first product, as StepPart::kAttention has it.
int64_t AttentionBytes(const DecoderLayerWeights& w, bool makes_keys) {
  const AttentionWeights& a = w.self_attn;
  const int64_t keys = Bytes(a.k_proj) + Bytes(a.v_proj) + Bytes(a.k_norm);
  return Bytes(w.input_layernorm) + Bytes(a.q_proj) + Bytes(a.q_norm) + (makes_keys ? keys : 0) +
         Bytes(a.o_proj) + Bytes(w.laurel.linear_left);
}

int64_t LaurelBytes(const DecoderLayerWeights& w) {
  return Bytes(w.laurel.linear_right) + Bytes(w.post_attention_layernorm) + Bytes(w.laurel.post_laurel_norm);
}

// Without the scale of the corrected stream, which only the PLE branch uses.
int64_t AltUpBytes(const AltUpWeights& w) {
  return Bytes(w.modality_router) + Bytes(w.router_norm) + Bytes(w.prediction_coefs) +
         Bytes(w.correction_coefs);
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

int64_t Bytes(const std::vector<LinearWeight>& weights) {
  int64_t bytes = 0;
  for (const LinearWeight& w : weights) bytes += Bytes(w);
  return bytes;
}

int64_t KeyValueBytes(const TextConfig& c, LayerType type, DType dtype, int64_t position) {
  const int64_t before = position + 1;
  const int64_t seen = type == LayerType::kSliding ? std::min(before, c.sliding_window) : before;
  return 2 * seen * c.num_key_value_heads * CachedVectorBytes(dtype, c.head_dim);
}

}  // namespace

ByStepPart<int64_t> StepBytesByPart(const TextModel& model, DType kv_dtype, int64_t position, PleKind ple) {
  const TextConfig& c = model.config;
  const TextWeights& weights = model.weights;
  const PerLayerRecipe recipe = RecipeOf(ple, c);
  ByStepPart<int64_t> bytes;
  bytes[StepPart::kInput] = Bytes(weights.altup_projections);
  if (recipe.branch && recipe.projection) bytes[StepPart::kInput] += PleProjectionBytes(weights);
  for (int64_t i = 0; i < std::ssize(model.layers); ++i) {
    const LayerSpec& spec = model.layers[i];
    const DecoderLayerWeights& w = weights.layers[spec.source_layer];
    bytes[StepPart::kAttention] += AttentionBytes(w, MakesKeys(model.layers, i));
    bytes[StepPart::kAttention] += KeyValueBytes(c, spec.type, kv_dtype, position);
    bytes[StepPart::kLaurel] += LaurelBytes(w);
    bytes[StepPart::kFfn] += Bytes(w.pre_feedforward_layernorm) + MlpBytes(w.mlp, spec);
    bytes[StepPart::kFfn] += Bytes(w.post_feedforward_layernorm);
    bytes[StepPart::kAltUp] += AltUpBytes(w.altup);
    if (recipe.branch && spec.ple_slice != kNoPle) bytes[StepPart::kPle] += PleBranchBytes(w);
  }
  bytes[StepPart::kAltUp] += Bytes(weights.altup_unembed_projections);
  bytes[StepPart::kLogits] = Bytes(weights.norm) + Bytes(weights.head());
  return bytes;
}

int64_t StepBytes(const TextModel& model, DType kv_dtype, int64_t position, PleKind ple) {
  const auto parts = StepBytesByPart(model, kv_dtype, position, ple).values;
  return std::accumulate(parts.begin(), parts.end(), int64_t{0});
}

int64_t TextStackBytes(const TextConfig& config, const TextWeights& weights) {
  TextWeights walked = weights;
  ByteSum sum{ParameterGroup::kTextStack};
  ForEachTensor("", config, walked, sum);
  return sum.bytes;
}

}  // namespace plelab
