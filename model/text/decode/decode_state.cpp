#include "model/text/decode/decode_state.h"

#include <algorithm>

#include "model/ops/ops.h"

namespace plelab {
LayerVectors MakeLayerVectors(const DecoderLayerWeights& w, const LayerSpec& spec) {
  return {.router_norm = ToFloats(w.altup.router_norm),
          .output_scale = ToFloats(w.altup.correct_output_scale),
          .post_laurel_norm = ToFloats(w.laurel.post_laurel_norm),
          .q_norm = ToFloats(w.self_attn.q_norm),
          .k_norm = ToFloats(w.self_attn.k_norm),
          .input_norm = ToFloats(w.input_layernorm),
          .post_attention_norm = ToFloats(w.post_attention_layernorm),
          .pre_feedforward_norm = ToFloats(w.pre_feedforward_layernorm),
          .post_feedforward_norm = ToFloats(w.post_feedforward_layernorm),
          .post_per_layer_input_norm = ToFloats(w.post_per_layer_input_norm),
          .quantile = spec.activation_sparsity > 0 ? NormalQuantile(spec.activation_sparsity) : 0};
}

RopeRows::Row RopeRows::At(int64_t position) {
  if (start_ < 0 || position < start_ || position >= start_ + kBlock) {
    start_ = position - position % kBlock;
    table_ = MakeRope(*config_, type_, start_, kBlock, torch::kCPU);
  }
  const int64_t offset = (position - start_) * table_.cos.size(1);
  return {table_.cos.const_data_ptr<float>() + offset, table_.sin.const_data_ptr<float>() + offset};
}

DecodeScratch::DecodeScratch(const TextModel& model, int64_t batch) {
  ScratchArena counting;
  TakeAll(model, batch, counting);
  arena = ScratchArena(counting.taken());
  TakeAll(model, batch, arena);
  const int64_t inputs = model.config.altup_num_inputs;
  mlp.active.reserve(mlp.gate.size);
  jobs.reserve(inputs);
  terms.reserve(inputs);
  mean_scales.assign(inputs, 1.0f / static_cast<float>(inputs));
}

void DecodeScratch::TakeAll(const TextModel& model, int64_t batch, ScratchArena& from) {
  const TextConfig& c = model.config;
  const auto take = [&](int64_t size) { return from.Take(batch, size); };
  const int64_t hidden = c.hidden_size, ple = c.hidden_size_per_layer_input;
  const int64_t ffn = *std::max_element(c.intermediate_size.begin(), c.intermediate_size.end());
  streams.clear(), predictions.clear();
  for (int64_t i = 0; i < c.altup_num_inputs; ++i) {
    streams.push_back(take(hidden));
    predictions.push_back(take(hidden));
  }
  altup = {take(hidden), take(c.altup_num_inputs), take(c.altup_num_inputs * c.altup_num_inputs)};
  queries = take(c.num_attention_heads * c.head_dim), attended = take(c.num_attention_heads * c.head_dim);
  keys = take(c.num_key_value_heads * c.head_dim), values = take(c.num_key_value_heads * c.head_dim);
  laurel_low = take(c.laurel_rank);
  mlp.gate = take(ffn), mlp.up = take(ffn);
  projected = take(model.weights.per_layer_model_projection.out);
  per_layer_input = take(ple), per_layer_gate = take(ple);
  for (Rows* rows : {&normed, &laurel, &attention, &mixed, &fed_forward, &output, &per_layer_output}) {
    *rows = take(hidden);
  }
}

void DecodeScratch::ReserveScores(int64_t heads, int64_t positions) {
  if (scores.count >= heads && scores.size >= positions) return;
  ScratchArena counting;
  counting.Take(heads, positions);
  score_arena = ScratchArena(counting.taken());
  scores = score_arena.Take(heads, positions);
}

}  // namespace plelab
