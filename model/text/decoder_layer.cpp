#include "model/text/decoder_layer.h"

#include <cmath>

#include "model/ops/ops.h"
#include "model/text/altup.h"
#include "model/text/attention.h"

namespace plelab {

AltUpStreams DecoderLayer(const AltUpStreams& streams, int64_t position, TextPass& pass) {
  const TextConfig& c = pass.model().config;
  const LayerSpec& spec = pass.model().layers[position];
  const DecoderLayerWeights& w = pass.model().weights.layers[spec.source_layer];
  const double eps = c.rms_norm_eps;

  auto predictions = AltUpPredict(streams, w.altup, c);
  auto normed = RmsNorm(predictions[c.altup_active_idx], w.input_layernorm, eps);
  if (spec.kv_donor == position) {
    const auto rope = pass.Rope(spec.type, pass.tokens());
    pass.Keep(position, MakeKeysValues(normed, w.self_attn, rope, pass.start(), c));
  }

  // From the last donor on nothing but the wanted positions has a use, unless prompts are computed whole.
  const int64_t wanted = pass.Wanted(position);
  if (wanted == 0) return {};
  for (torch::Tensor& prediction : predictions) prediction = Last(prediction, 1, wanted);
  normed = Last(normed, 1, wanted);

  const auto active = predictions[c.altup_active_idx];
  const auto attended = Attention(normed, pass.Seen(spec.kv_donor), w.self_attn, pass.Rope(spec.type, wanted),
                                  pass.start() + pass.tokens() - wanted, spec.type, c);
  const auto attention_gated = active + RmsNorm(attended, w.post_attention_layernorm, eps);
  const auto mixed = (attention_gated + Laurel(normed, w.laurel, c)) * std::sqrt(0.5);
  const auto fed_forward = Mlp(RmsNorm(mixed, w.pre_feedforward_layernorm, eps), w.mlp, spec);
  const auto output = mixed + RmsNorm(fed_forward, w.post_feedforward_layernorm, eps);
  auto corrected = AltUpCorrect(predictions, output, w.altup, c, pass.model().training);

  const auto per_layer_input = pass.PleOf(position, wanted);
  if (!per_layer_input.defined()) return corrected;
  const auto added = PerLayerAddition(corrected, per_layer_input, w, c);
  if (PleObserver* observer = pass.model().observer) observer->SeeAddition(position, added, corrected);
  for (size_t i = 1; i < corrected.size(); ++i) corrected[i] = corrected[i] + added;
  return corrected;
}

torch::Tensor Laurel(const torch::Tensor& x, const LaurelWeights& w, const TextConfig& c) {
  const torch::Tensor low_rank = Linear(Linear(x, w.linear_left), w.linear_right);
  return x + RmsNorm(low_rank, w.post_laurel_norm, c.rms_norm_eps);
}

namespace {

MlpWeights FirstUnits(const MlpWeights& w, int64_t width) {
  if (width == w.gate_proj.out) return w;
  return {.gate_proj = w.gate_proj.Outputs(0, width),
          .up_proj = w.up_proj.Outputs(0, width),
          .down_proj = w.down_proj.Inputs(width)};
}

}  // namespace

torch::Tensor Mlp(const torch::Tensor& x, const MlpWeights& all_units, const LayerSpec& spec) {
  const MlpWeights w = FirstUnits(all_units, spec.ffn_width);
  const torch::Tensor gated =
      GatedGelu(Linear(x, w.gate_proj), Linear(x, w.up_proj), spec.activation_sparsity);
  return Linear(gated, w.down_proj);
}

}  // namespace plelab
