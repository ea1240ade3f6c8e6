#include "model/audio/conformer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "model/audio/audio_ops.h"
#include "model/ops/ops.h"

namespace plelab {
namespace {

// The reference uses this eps in every norm of the tower, whatever rms_norm_eps says, except in the two norms
// of the light convolution.
constexpr double kEps = 1e-6;

// The reference's gradient_clipping, which clips activations in the forward pass.
ClippedNormOptions Clipped(const AudioConfig& c) { return {kEps, c.gradient_clipping, 1.0}; }

// In place when no gradient is wanted, because x is always the result of a product that nobody else uses.
torch::Tensor Silu(torch::Tensor x) { return RunsKernels(x) ? torch::silu_(x) : torch::silu(x); }

torch::Tensor Thinned(const torch::Tensor& x, int64_t every) { return x.slice(1, 0, x.size(1), every); }

}  // namespace

torch::Tensor ConformerFeedForward(const torch::Tensor& x, const ConformerFeedForwardWeights& w,
                                   const AudioConfig& c) {
  const auto normed = ClippedRmsNorm(x, w.pre_layer_norm, Clipped(c));
  const auto mixed = Linear(Silu(Linear(normed, w.ffw_layer_1)), w.ffw_layer_2);
  ClippedNormOptions weighted = Clipped(c);
  weighted.scale = c.conf_residual_weight;
  return ClippedRmsNorm(mixed, w.post_layer_norm, weighted, x);
}

torch::Tensor ConformerAttention(const torch::Tensor& x, const ConformerAttentionWeights& w,
                                 const LocalContext& context, const AudioConfig& c) {
  const auto normed = ClippedRmsNorm(x, w.pre_attn_norm, Clipped(c));
  const auto mixed = Linear(LocalAttention(normed, w, context, c), w.post);
  return ClippedRmsNorm(mixed, w.post_norm, Clipped(c), x);
}

torch::Tensor LightConv(const torch::Tensor& x, const LightConvWeights& w, const AudioConfig& c,
                        int64_t every) {
  ClippedNormOptions before, after = Clipped(c);
  before.eps = after.eps = c.rms_norm_eps;
  const auto gated = torch::glu(Linear(ClippedRmsNorm(x, w.pre_layer_norm, before), w.linear_start), -1);
  const auto mixed = Thinned(CausalDepthwiseConv(gated, w.depthwise_conv1d), every);
  return Thinned(x, every) + Linear(Silu(ClippedRmsNorm(mixed, w.conv_norm, after)), w.linear_end);
}

torch::Tensor ConformerBlock(const torch::Tensor& x, const torch::Tensor& mask,
                             const ConformerBlockWeights& w, const LocalContext& context,
                             const AudioConfig& c, int64_t every) {
  const auto started = ConformerFeedForward(x, w.ffw_layer_start, c);
  const auto attended = ConformerAttention(started, w.attention, context, c);
  const auto there = attended.masked_fill(mask.unsqueeze(-1), 0);
  const auto ended = ConformerFeedForward(LightConv(there, w.lconv1d, c, every), w.ffw_layer_end, c);
  return ClippedRmsNorm(ended, w.norm, Clipped(c));
}

namespace {

constexpr double kMaxTimescale = 1e4;

// [count, hidden]: sines, then cosines, of positions first, first − 1, …, at hidden / 2 time scales from 1 to
// 10⁴ frames.  Reference: Gemma3nAudioRelativePositionEmbedding._get_timing_signal_1d_pos.
torch::Tensor TimingSignal(int64_t first, int64_t count, int64_t hidden, torch::Device device) {
  const auto options = torch::dtype(torch::kFloat32).device(device);
  const int64_t scales = hidden / 2;
  const double step = std::log(kMaxTimescale) / static_cast<double>(std::max<int64_t>(scales - 1, 1));
  const auto frequencies = torch::exp(torch::arange(scales, options) * -step);
  const auto positions = first - torch::arange(count, options);
  const auto angles = positions.unsqueeze(1) * frequencies;
  return torch::cat({torch::sin(angles), torch::cos(angles)}, -1);
}

// x [B, T, …] → [B, chunks, width, …]: each chunk with its context, with zeros (false) beyond either end.
torch::Tensor WithContext(const torch::Tensor& x, const LocalContext& context) {
  std::vector<int64_t> padding(2 * (x.dim() - 2), 0);
  padding.insert(padding.end(), {context.left, context.right + context.chunk - 1});
  return torch::constant_pad_nd(x, padding).unfold(1, context.width(), context.chunk).movedim(-1, 2);
}

// x [B, T, …] → [B, chunks · W, …].
torch::Tensor PadToChunks(const torch::Tensor& x, const LocalContext& context) {
  std::vector<int64_t> padding(2 * (x.dim() - 2), 0);
  padding.insert(padding.end(), {0, context.chunks() * context.chunk - x.size(1)});
  return torch::constant_pad_nd(x, padding);
}

// Shifts scores by distance, [B, N, chunks, W, span], to scores by key, [B, N, chunks, W, width]: the
// distances of query w start at key w.  After padding to width + 1 and flattening, rows read `width` long
// each start one element later than the last.  Keys out of a query's sight receive padding or, past the end,
// the next query's scores; they are masked later.
torch::Tensor ShiftToKeys(const torch::Tensor& scores, const LocalContext& context) {
  const auto padded = torch::constant_pad_nd(scores, {0, context.width() + 1 - context.span()});
  const auto rows = padded.flatten(3).narrow(3, 0, context.chunk * context.width());
  return rows.unflatten(3, {context.chunk, context.width()});
}

// [head_dim]: head_dim^-½ times the softplus of the learned scale, normalised so that a learned scale of 0
// gives 1.
torch::Tensor QueryScale(const torch::Tensor& per_dim_scale) {
  const double at_zero = 1.0 / (std::sqrt(static_cast<double>(per_dim_scale.size(0))) * std::log(2.0));
  return torch::softplus(per_dim_scale.to(torch::kFloat32)) * at_zero;
}

}  // namespace

LocalContext MakeLocalContext(const torch::Tensor& mask, const AudioConfig& c) {
  LocalContext context;
  context.frames = mask.size(1);
  context.chunk = c.conf_attention_chunk_size;
  context.left = std::max<int64_t>(0, c.conf_attention_context_left - 1);
  context.right = c.conf_attention_context_right;
  context.distances = TimingSignal(context.left, context.span(), c.hidden_size, mask.device());
  const auto options = torch::dtype(torch::kInt64).device(mask.device());
  // [W, width]: 0 … span − 1 are in sight.
  const auto ahead =
      torch::arange(context.width(), options) - torch::arange(context.chunk, options).unsqueeze(1);
  const auto near = ahead.ge(0).logical_and(ahead.lt(context.span()));
  const auto there = WithContext(mask.logical_not(), context);  // [B, chunks, width]
  context.hidden = there.unsqueeze(1).unsqueeze(3).logical_and(near).logical_not();
  return context;
}

torch::Tensor LocalAttention(const torch::Tensor& x, const ConformerAttentionWeights& w,
                             const LocalContext& context, const AudioConfig& c) {
  const int64_t heads = c.conf_num_attention_heads, head_dim = c.hidden_size / heads;
  const auto split = [&](const torch::Tensor& flat) { return flat.unflatten(-1, {heads, head_dim}); };
  const auto scaled = split(Linear(x, w.q_proj)) * QueryScale(w.per_dim_scale);
  const auto queries = PadToChunks(scaled, context).transpose(1, 2);     // [B, N, chunks · W, H]
  const auto keys = WithContext(split(Linear(x, w.k_proj)), context);    // [B, chunks, width, N, H]
  const auto values = WithContext(split(Linear(x, w.v_proj)), context);  // as keys
  const auto distances = split(Linear(context.distances, w.pos_proj)).permute({1, 2, 0});  // [N, H, span]

  const auto by_chunk = [&](const torch::Tensor& rows) {
    return rows.unflatten(2, {context.chunks(), context.chunk});
  };
  const auto by_content = torch::matmul(by_chunk(queries), keys.permute({0, 3, 1, 4, 2}));
  const auto by_distance = ShiftToKeys(by_chunk(torch::matmul(queries, distances)), context);
  // [B, N, chunks, W, width].  Masks with the lowest finite score instead of −∞, because a masked frame may
  // see no key at all and must not become NaN.
  const auto scores = Softcap(by_content + by_distance, c.conf_attention_logit_cap)
                          .masked_fill(context.hidden, std::numeric_limits<float>::lowest());
  const auto mixed = torch::matmul(torch::softmax(scores, -1), values.permute({0, 3, 1, 2, 4}));
  return mixed.flatten(2, 3).narrow(2, 0, context.frames).transpose(1, 2).flatten(2);
}

}  // namespace plelab
