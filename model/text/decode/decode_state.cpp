#include "model/text/decode/decode_state.h"

#include <algorithm>

#include "model/ops/ops.h"

namespace plelab {
namespace {

struct Sizes {
  int64_t batch, hidden, streams, queries, keys, rank, ffn, ple, projected;
};

Sizes SizesOf(const TextModel& model, int64_t batch) {
  const TextConfig& c = model.config;
  return {.batch = batch,
          .hidden = c.hidden_size,
          .streams = c.altup_num_inputs,
          .queries = c.num_attention_heads * c.head_dim,
          .keys = c.num_key_value_heads * c.head_dim,
          .rank = c.laurel_rank,
          .ffn = *std::max_element(c.intermediate_size.begin(), c.intermediate_size.end()),
          .ple = c.hidden_size_per_layer_input,
          .projected = model.weights.per_layer_model_projection.out};
}

int64_t FloatsNeeded(const Sizes& s) {
  int64_t floats = 0;
  for (const int64_t size : {s.streams, s.streams * s.streams, s.queries, s.queries, s.keys, s.keys, s.rank,
                             s.ffn, s.ffn, s.projected, s.ple, s.ple}) {
    floats += ScratchArena::Need(s.batch, size);
  }
  constexpr int64_t kHiddenVectors =
      8;  // altup.normed, normed, laurel, attention, mixed, fed_forward, output, ple's
  return floats + (2 * s.streams + kHiddenVectors) * ScratchArena::Need(s.batch, s.hidden);
}

}  // namespace

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

DecodeScratch::DecodeScratch(const TextModel& model, int64_t batch)
    : arena(FloatsNeeded(SizesOf(model, batch))) {
  const Sizes s = SizesOf(model, batch);
  const auto take = [&](int64_t size) { return arena.Take(batch, size); };
  for (int64_t i = 0; i < s.streams; ++i) {
    streams.push_back(take(s.hidden));
    predictions.push_back(take(s.hidden));
  }
  altup = {take(s.hidden), take(s.streams), take(s.streams * s.streams)};
  queries = take(s.queries), attended = take(s.queries);
  keys = take(s.keys), values = take(s.keys);
  laurel_low = take(s.rank);
  mlp.gate = take(s.ffn), mlp.up = take(s.ffn);
  projected = take(s.projected);
  per_layer_input = take(s.ple), per_layer_gate = take(s.ple);
  for (Rows* rows : {&normed, &laurel, &attention, &mixed, &fed_forward, &output, &per_layer_output}) {
    *rows = take(s.hidden);
  }
  mlp.active.reserve(s.ffn);
  jobs.reserve(s.streams);
  terms.reserve(s.streams);
  mean_scales.assign(s.streams, 1.0f / static_cast<float>(s.streams));
}

void DecodeScratch::ReserveScores(int64_t heads, int64_t positions) {
  if (scores.count >= heads && scores.size >= positions) return;
  score_arena = std::make_unique<ScratchArena>(ScratchArena::Need(heads, positions));
  scores = score_arena->Take(heads, positions);
}

}  // namespace plelab
