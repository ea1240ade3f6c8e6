// ONE list per struct of weights with names, shapes and groups, which is walked to load, verify, count and
// synthesise.
//
// f(const TensorSpec&, field&) is called once for each tensor of the published layout.  A field is a
// torch::Tensor& or a LinearWeight& (whose spec has shape [out, in]).  Fields may be undefined, because
// shapes come from the config alone.
#pragma once

#include <string>

#include "model/base/format.h"
#include "model/catalog/text_weights.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

// k_proj, v_proj and k_norm of KV-sharing layers are listed as kUnusedKv: counted and synthesised, but never
// loaded.
template <class F>
void ForEachTensor(const std::string& prefix, const TextConfig& c, int64_t layer, AttentionWeights& w, F& f) {
  const auto stack = ParameterGroup::kTextStack;
  const auto kv = c.is_kv_shared(layer) ? ParameterGroup::kUnusedKv : stack;
  const int64_t q_width = c.num_attention_heads * c.head_dim;
  const int64_t kv_width = c.num_key_value_heads * c.head_dim;
  f(MakeSpec(prefix + "q_proj.weight", {q_width, c.hidden_size}, stack), w.q_proj);
  f(MakeSpec(prefix + "k_proj.weight", {kv_width, c.hidden_size}, kv), w.k_proj);
  f(MakeSpec(prefix + "v_proj.weight", {kv_width, c.hidden_size}, kv), w.v_proj);
  f(MakeSpec(prefix + "o_proj.weight", {c.hidden_size, q_width}, stack), w.o_proj);
  f(MakeSpec(prefix + "q_norm.weight", {c.head_dim}, stack), w.q_norm);
  f(MakeSpec(prefix + "k_norm.weight", {c.head_dim}, kv), w.k_norm);
}

template <class F>
void ForEachTensor(const std::string& prefix, const TextConfig& c, int64_t layer, MlpWeights& w, F& f) {
  const auto stack = ParameterGroup::kTextStack;
  const int64_t ffn = c.intermediate_size[layer];
  f(MakeSpec(prefix + "gate_proj.weight", {ffn, c.hidden_size}, stack), w.gate_proj);
  f(MakeSpec(prefix + "up_proj.weight", {ffn, c.hidden_size}, stack), w.up_proj);
  f(MakeSpec(prefix + "down_proj.weight", {c.hidden_size, ffn}, stack), w.down_proj);
}

template <class F>
void ForEachTensor(const std::string& prefix, const TextConfig& c, AltUpWeights& w, F& f) {
  const auto stack = ParameterGroup::kTextStack;
  const int64_t n = c.altup_num_inputs;
  f(MakeSpec(prefix + "correct_output_scale", {c.hidden_size}, stack), w.correct_output_scale);
  f(MakeSpec(prefix + "correction_coefs.weight", {n, n}, stack), w.correction_coefs);
  f(MakeSpec(prefix + "prediction_coefs.weight", {n * n, n}, stack), w.prediction_coefs);
  f(MakeSpec(prefix + "modality_router.weight", {n, c.hidden_size}, stack), w.modality_router);
  f(MakeSpec(prefix + "router_norm.weight", {c.hidden_size}, stack), w.router_norm);
}

template <class F>
void ForEachTensor(const std::string& prefix, const TextConfig& c, LaurelWeights& w, F& f) {
  const auto stack = ParameterGroup::kTextStack;
  f(MakeSpec(prefix + "linear_left.weight", {c.laurel_rank, c.hidden_size}, stack), w.linear_left);
  f(MakeSpec(prefix + "linear_right.weight", {c.hidden_size, c.laurel_rank}, stack), w.linear_right);
  f(MakeSpec(prefix + "post_laurel_norm.weight", {c.hidden_size}, stack), w.post_laurel_norm);
}

template <class F>
void ForEachTensor(const std::string& prefix, const TextConfig& c, int64_t layer, DecoderLayerWeights& w,
                   F& f) {
  const auto stack = ParameterGroup::kTextStack;
  const int64_t hidden = c.hidden_size, ple = c.hidden_size_per_layer_input;
  ForEachTensor(prefix + "altup.", c, w.altup, f);
  ForEachTensor(prefix + "laurel.", c, w.laurel, f);
  ForEachTensor(prefix + "self_attn.", c, layer, w.self_attn, f);
  ForEachTensor(prefix + "mlp.", c, layer, w.mlp, f);
  f(MakeSpec(prefix + "input_layernorm.weight", {hidden}, stack), w.input_layernorm);
  f(MakeSpec(prefix + "post_attention_layernorm.weight", {hidden}, stack), w.post_attention_layernorm);
  f(MakeSpec(prefix + "pre_feedforward_layernorm.weight", {hidden}, stack), w.pre_feedforward_layernorm);
  f(MakeSpec(prefix + "post_feedforward_layernorm.weight", {hidden}, stack), w.post_feedforward_layernorm);
  f(MakeSpec(prefix + "per_layer_input_gate.weight", {ple, hidden}, stack), w.per_layer_input_gate);
  f(MakeSpec(prefix + "per_layer_projection.weight", {hidden, ple}, stack), w.per_layer_projection);
  f(MakeSpec(prefix + "post_per_layer_input_norm.weight", {hidden}, stack), w.post_per_layer_input_norm);
}

// transformers Gemma3nTextModel.
template <class F>
void ForEachTensor(const std::string& prefix, const TextConfig& c, TextWeights& w, F&& f) {
  const auto stack = ParameterGroup::kTextStack;
  const int64_t hidden = c.hidden_size, ple = c.hidden_size_per_layer_input, row = c.num_hidden_layers * ple;
  f(MakeSpec(prefix + "embed_tokens.weight", {c.vocab_size, hidden}, ParameterGroup::kTokenEmbedding),
    w.embed_tokens);
  TensorSpec table = MakeSpec(prefix + "embed_tokens_per_layer.weight", {c.vocab_size_per_layer_input, row},
                              ParameterGroup::kPleTable);
  table.fan_in = ple;  // the model multiplies rows by √ple_dim
  f(table, w.embed_tokens_per_layer);
  f(MakeSpec(prefix + "per_layer_model_projection.weight", {row, hidden}, stack),
    w.per_layer_model_projection);
  f(MakeSpec(prefix + "per_layer_projection_norm.weight", {ple}, stack), w.per_layer_projection_norm);
  for (size_t i = 0; i < w.altup_projections.size(); ++i) {
    f(MakeSpec(Format("{}altup_projections.{}.weight", prefix, i), {hidden, hidden}, stack),
      w.altup_projections[i]);
    f(MakeSpec(Format("{}altup_unembed_projections.{}.weight", prefix, i), {hidden, hidden}, stack),
      w.altup_unembed_projections[i]);
  }
  f(MakeSpec(prefix + "norm.weight", {hidden}, stack), w.norm);
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    ForEachTensor(Format("{}layers.{}.", prefix, layer), c, layer, w.layers[layer], f);
  }
  if (c.own_head) f(MakeSpec(kHeadTensor, {c.vocab_size, hidden}, ParameterGroup::kOwnHead), w.lm_head);
}

// What distinguishes the two embedders.
struct EmbedderShape {
  std::string prefix;
  ParameterGroup group = ParameterGroup::kVisionEmbedder;
  int64_t vocab = 0;         // hard tokens, one row each
  int64_t tower_hidden = 0;  // width of the tower's output
  int64_t text_hidden = 0;
};
// The config must have that modality.
EmbedderShape VisionEmbedderShape(const Gemma3nConfig& config);
EmbedderShape AudioEmbedderShape(const Gemma3nConfig& config);

// transformers Gemma3nMultimodalEmbedder.
template <class F>
void ForEachTensor(const EmbedderShape& s, EmbedderWeights& w, F&& f) {
  f(MakeSpec(s.prefix + "embedding.weight", {s.vocab, s.tower_hidden}, s.group), w.embedding);
  f(MakeSpec(s.prefix + "hard_embedding_norm.weight", {s.tower_hidden}, s.group), w.hard_embedding_norm);
  f(MakeSpec(s.prefix + "soft_embedding_norm.weight", {s.tower_hidden}, s.group), w.soft_embedding_norm);
  f(MakeSpec(s.prefix + "embedding_projection.weight", {s.text_hidden, s.tower_hidden}, s.group),
    w.embedding_projection);
}

}  // namespace plelab
