#include "model/text/decode/step_decoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/base/error.h"
#include "model/kernels/parallel.h"
#include "model/kernels/vector_math.h"
#include "model/ops/matmul.h"
#include "model/text/decode/decode_state.h"
#include "model/text/per_layer_input.h"

namespace plelab {
namespace {

constexpr int64_t kSoftcapGrain = 16 * 1024;
constexpr float kSqrtHalf = 0.70710678118654752f;

}  // namespace

struct StepDecoder::Impl {
  Impl(const TextModel& m, DType dtype_of_table, int64_t batch_size);

  void Run(std::span<const float> embeds, const PerLayerRecipe& recipe, PleRequest& ple, KvCache& kv,
           std::span<float> logits);
  void Expand(std::span<const float> embeds, bool with_projection);
  void Layer(int64_t position, const PerLayerRecipe& recipe, PleRequest& ple, KvCache& kv);
  void Attend(int64_t position, const LayerVectors& v, KvCache& kv);
  void MixAttention(const LayerVectors& v);
  void MakePerLayerInput(int64_t slice, const PerLayerRecipe& recipe, PleRequest& ple);
  void AddPerLayerInput(const DecoderLayerWeights& w, const LayerVectors& v);
  void MergeStreams();
  void Logits(std::span<float> logits);
  void End(StepPart part, int64_t layer = kNoLayer) const {
    if (observer != nullptr) observer->EndPart(part, layer);
  }

  TextModel model;
  DType table_dtype;
  DType row_dtype = DType::kFloat32;  // of this step's PLE rows
  int64_t batch;
  std::vector<LayerVectors> vectors;  // one for each entry of the layer list
  std::vector<float> projection_norm, final_norm;
  RopeRows rope_full, rope_sliding;
  DecodeScratch s;
  StepObserver* observer = nullptr;  // of this step
};

StepDecoder::Impl::Impl(const TextModel& m, DType dtype_of_table, int64_t batch_size)
    : model(m),
      table_dtype(dtype_of_table),
      batch(batch_size),
      projection_norm(ToFloats(m.weights.per_layer_projection_norm)),
      final_norm(ToFloats(m.weights.norm)),
      rope_full(m.config, LayerType::kFull),
      rope_sliding(m.config, LayerType::kSliding),
      s(m, batch_size) {
  for (const LayerSpec& spec : m.layers) {
    vectors.push_back(MakeLayerVectors(m.weights.layers[spec.source_layer], spec));
  }
}

// Makes the AltUp streams from the embeddings and, with_projection, the projection to every layer's input.
void StepDecoder::Impl::Expand(std::span<const float> embeds, bool with_projection) {
  std::copy(embeds.begin(), embeds.end(), s.streams[0].data);
  s.jobs.clear();
  for (size_t i = 1; i < s.streams.size(); ++i) {
    s.jobs.push_back({&model.weights.altup_projections[i - 1], s.streams[i].out()});
  }
  if (with_projection) s.jobs.push_back({&model.weights.per_layer_model_projection, s.projected.out()});
  MatMulInto(s.jobs, s.streams[0].in());
  for (size_t i = 1; i < s.streams.size(); ++i) MatchMagnitude(s.streams[0], s.streams[i]);
  if (!with_projection) return;
  const int64_t dim = model.config.hidden_size_per_layer_input;
  const Rows slices{s.projected.data, s.projected.numel() / dim, dim};
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(model.config.hidden_size)));
  const float* all = slices.data;
  Mix(&all, &scale, 1, slices.numel(), slices.data);
  NormRows(slices, projection_norm, model.config.rms_norm_eps, slices);
}

void StepDecoder::Impl::Layer(int64_t position, const PerLayerRecipe& recipe, PleRequest& ple, KvCache& kv) {
  const TextConfig& c = model.config;
  const LayerSpec& spec = model.layers[position];
  const DecoderLayerWeights& w = model.weights.layers[spec.source_layer];
  const LayerVectors& v = vectors[position];

  PredictStreams(s.streams, w.altup, v.router_norm, c, s.altup, s.predictions);
  End(StepPart::kAltUp, position);
  NormRows(s.predictions[c.altup_active_idx], v.input_norm, c.rms_norm_eps, s.normed);
  Attend(position, v, kv);
  End(StepPart::kAttention, position);
  MatMulInto(w.laurel.linear_right, s.laurel_low.in(), s.laurel.out());
  MixAttention(v);
  End(StepPart::kLaurel, position);

  NormRows(s.mixed, v.pre_feedforward_norm, c.rms_norm_eps, s.normed);
  DecodeMlp(s.normed, w.mlp, spec, v.quantile, s.mlp, s.fed_forward);
  NormRows(s.fed_forward, v.post_feedforward_norm, c.rms_norm_eps, s.fed_forward);
  AddRows(s.mixed, s.fed_forward, s.output);
  End(StepPart::kFfn, position);
  CorrectStreams(s.predictions, s.output, w.altup, v.router_norm, c, s.altup, s.streams);
  End(StepPart::kAltUp, position);

  if (!recipe.branch || spec.ple_slice == kNoPle) return;
  MakePerLayerInput(spec.ple_slice, recipe, ple);
  AddPerLayerInput(w, v);
  End(StepPart::kPle, position);
}

// Computes attention and laurel_low, both from normed.
void StepDecoder::Impl::Attend(int64_t position, const LayerVectors& v, KvCache& kv) {
  const TextConfig& c = model.config;
  const LayerSpec& spec = model.layers[position];
  const DecoderLayerWeights& w = model.weights.layers[spec.source_layer];
  const auto heads = [&](const Rows& x) { return Rows{x.data, x.numel() / c.head_dim, c.head_dim}; };
  const RopeRows::Row rope = (spec.type == LayerType::kFull ? rope_full : rope_sliding).At(kv.length());

  const bool makes_keys = spec.kv_donor == position;
  const MatMulJob jobs[] = {{&w.self_attn.q_proj, s.queries.out()},
                            {&w.laurel.linear_left, s.laurel_low.out()},
                            {&w.self_attn.k_proj, s.keys.out()},
                            {&w.self_attn.v_proj, s.values.out()}};
  MatMulInto({jobs, makes_keys ? 4u : 2u}, s.normed.in());
  NormRows(heads(s.queries), v.q_norm, c.rms_norm_eps, heads(s.queries));
  RotateRows(heads(s.queries), rope.cos, rope.sin);
  if (makes_keys) {
    NormRows(heads(s.keys), v.k_norm, c.rms_norm_eps, heads(s.keys));
    RotateRows(heads(s.keys), rope.cos, rope.sin);
    NormRows(heads(s.values), {}, c.rms_norm_eps, heads(s.values));
    kv.keys(position).WriteOne(kv.length(), s.keys.data);
    kv.values(position).WriteOne(kv.length(), s.values.data);
  }
  AttendOne(s.queries, kv, spec.kv_donor, spec.type, kv.length(), c, s.scores, s.attended);
  MatMulInto(w.self_attn.o_proj, s.attended.in(), s.attention.out());
}

// mixed = ((active + norm(attention)) + (normed + norm(laurel))) / √2.
void StepDecoder::Impl::MixAttention(const LayerVectors& v) {
  const double eps = model.config.rms_norm_eps;
  NormRows(s.attention, v.post_attention_norm, eps, s.attention);
  NormRows(s.laurel, v.post_laurel_norm, eps, s.laurel);
  const float* terms[] = {s.predictions[model.config.altup_active_idx].data, s.attention.data, s.normed.data,
                          s.laurel.data};
  const float scales[] = {kSqrtHalf, kSqrtHalf, kSqrtHalf, kSqrtHalf};
  Mix(terms, scales, 4, s.mixed.numel(), s.mixed.data);
}

void StepDecoder::Impl::MakePerLayerInput(int64_t slice, const PerLayerRecipe& recipe, PleRequest& ple) {
  const int64_t dim = s.per_layer_input.size;
  if (recipe.rows) {
    const std::span<const std::byte> rows = ple.Layer(slice);
    if (std::ssize(rows) != batch * dim * SizeOf(row_dtype)) {
      throw RunError("PLE rows of layer {}: {} bytes for a batch of {}, expected {}", slice, rows.size(),
                     batch, batch * dim * SizeOf(row_dtype));
    }
    WidenTo(rows.data(), row_dtype, s.per_layer_input.numel(), s.per_layer_input.data);
  }
  const float scales[] = {static_cast<float>(recipe.scale),
                          static_cast<float>(recipe.row_scale * recipe.scale)};
  for (int64_t b = 0; b < batch; ++b) {
    const float* terms[] = {s.projected[b] + slice * dim, s.per_layer_input[b]};
    const int64_t first = recipe.projection ? 0 : 1, count = recipe.rows ? 2 - first : 1;
    Mix(terms + first, scales + first, count, dim, s.per_layer_input[b]);
  }
}

// The per-layer input is gated by the active stream and added to streams [1:], whichever stream is the active
// one.
void StepDecoder::Impl::AddPerLayerInput(const DecoderLayerWeights& w, const LayerVectors& v) {
  const TextConfig& c = model.config;
  const Rows& active = s.streams[c.altup_active_idx];
  std::copy_n(active.data, active.numel(), s.output.data);
  for (int64_t b = 0; c.altup_correct_scale && b < batch; ++b) {
    for (int64_t i = 0; i < c.hidden_size; ++i) s.output[b][i] *= v.output_scale[i];
  }
  MatMulInto(w.per_layer_input_gate, s.output.in(), s.per_layer_gate.out());
  GeluTimes(s.per_layer_gate.data, s.per_layer_input.data, s.per_layer_gate.numel(), s.per_layer_gate.data);
  MatMulInto(w.per_layer_projection, s.per_layer_gate.in(), s.per_layer_output.out());
  NormRows(s.per_layer_output, v.post_per_layer_input_norm, c.rms_norm_eps, s.per_layer_output);
  for (size_t i = 1; i < s.streams.size(); ++i) AddRows(s.streams[i], s.per_layer_output, s.streams[i]);
}

// Computes the mean of the unembedded streams.
void StepDecoder::Impl::MergeStreams() {
  s.terms.assign(1, s.streams[0].data);
  for (size_t i = 1; i < s.streams.size(); ++i) {
    MatMulInto(model.weights.altup_unembed_projections[i - 1], s.streams[i].in(), s.predictions[i].out());
    MatchMagnitude(s.streams[0], s.predictions[i]);
    s.terms.push_back(s.predictions[i].data);
  }
  Mix(s.terms.data(), s.mean_scales.data(), std::ssize(s.terms), s.output.numel(), s.output.data);
}

// Computes the logits of the merged streams: the norm, the product with the head, the softcap.
void StepDecoder::Impl::Logits(std::span<float> logits) {
  const TextConfig& c = model.config;
  NormRows(s.output, final_norm, c.rms_norm_eps, s.output);
  MatMulInto(model.weights.head(), s.output.in(), {logits.data(), c.vocab_size});
  if (c.final_logit_softcapping == 0) return;
  ParallelFor(0, std::ssize(logits), kSoftcapGrain, [&](int64_t begin, int64_t end) {
    SoftcapRow(logits.data() + begin, end - begin, static_cast<float>(c.final_logit_softcapping));
  });
}

void StepDecoder::Impl::Run(std::span<const float> embeds, const PerLayerRecipe& recipe, PleRequest& ple,
                            KvCache& kv, std::span<float> logits) {
  Expand(embeds, recipe.projection);
  End(StepPart::kInput);
  const int64_t count = std::ssize(model.layers);
  const int64_t needed = logits.empty() ? LastDonor(model.layers) + 1 : count;
  for (int64_t i = 0; i < needed; ++i) Layer(i, recipe, ple, kv);
  kv.Advance(1);
  if (logits.empty()) return;
  MergeStreams();
  End(StepPart::kAltUp);
  Logits(logits);
  End(StepPart::kLogits);
}

bool StepDecoder::Supports(int64_t batch, torch::Device device) {
  return device.is_cpu() && batch >= 1 && batch <= kMaxVectors;
}

StepDecoder::StepDecoder(const TextModel& model, DType table_dtype, int64_t batch) {
  if (!Supports(batch, model.weights.embed_tokens.values.device())) {
    throw RunError("decode step: batch {} is not supported; 1 to {} on the CPU are", batch, kMaxVectors);
  }
  if (model.config.altup_num_inputs > kMaxStreams) {
    throw RunError("decode step: {} AltUp streams are not supported; up to {} are",
                   model.config.altup_num_inputs, kMaxStreams);
  }
  impl_ = std::make_unique<Impl>(model, table_dtype, batch);
}
StepDecoder::StepDecoder(StepDecoder&&) noexcept = default;
StepDecoder& StepDecoder::operator=(StepDecoder&&) noexcept = default;
StepDecoder::~StepDecoder() = default;

int64_t StepDecoder::batch() const { return impl_->batch; }
void StepDecoder::ComputeAllUnits(bool all) { impl_->s.mlp.all_units = all; }

void StepDecoder::Run(std::span<const float> embeds, PleRequest& ple, KvCache& kv, std::span<float> logits,
                      StepObserver* observer) {
  const TextConfig& c = impl_->model.config;
  if (kv.batch() != impl_->batch || std::ssize(embeds) != impl_->batch * c.hidden_size ||
      (!logits.empty() && std::ssize(logits) != impl_->batch * c.vocab_size)) {
    throw RunError("decode step for a batch of {}: cache for {}, {} embeddings, {} logits", impl_->batch,
                   kv.batch(), embeds.size(), logits.size());
  }
  kv.CheckLayers(impl_->model.layers);
  kv.CheckRoom(1);
  const torch::NoGradGuard no_grad;
  impl_->s.ReserveScores(impl_->batch * c.num_attention_heads, kv.capacity());
  const PerLayerRecipe recipe = RecipeOf(ple.kind(), c);
  impl_->row_dtype = RowDType(ple.kind(), impl_->table_dtype);
  impl_->observer = observer;
  InOneRegion([&] { impl_->Run(embeds, recipe, ple, kv, logits); });
}

}  // namespace plelab
