#include "model/conformer.h"

#include "model/audio_ops.h"
#include "model/ops.h"

namespace plelab {
namespace {

// The reference gives every norm of the tower this, whatever rms_norm_eps says, except the light
// convolution's two.
constexpr double kEps = 1e-6;

// The reference's gradient_clipping: of activations, in the forward pass.
ClippedNormOptions Clipped(const AudioConfig& c) { return {kEps, c.gradient_clipping, 1.0}; }

// In place where no gradient is wanted: x is a product's own result.
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

}  // namespace plelab
