#include "model/conformer.h"

#include <array>

#include "model/ops.h"

namespace plelab {
namespace {

// The reference gives every norm of the tower this, whatever rms_norm_eps says, except the light
// convolution's two.
constexpr double kEps = 1e-6;

// The reference's gradient_clipping: of activations, in the forward pass.
torch::Tensor Clip(const torch::Tensor& x, const AudioConfig& c) {
  return torch::clamp(x, -c.gradient_clipping, c.gradient_clipping);
}

}  // namespace

torch::Tensor ConformerFeedForward(const torch::Tensor& x, const ConformerFeedForwardWeights& w,
                                   const AudioConfig& c) {
  const auto normed = RmsNorm(Clip(x, c), w.pre_layer_norm, kEps);
  const auto mixed = Linear(torch::silu(Linear(normed, w.ffw_layer_1)), w.ffw_layer_2);
  return x + RmsNorm(Clip(mixed, c), w.post_layer_norm, kEps) * c.conf_residual_weight;
}

torch::Tensor ConformerAttention(const torch::Tensor& x, const ConformerAttentionWeights& w,
                                 const LocalContext& context, const AudioConfig& c) {
  const auto normed = RmsNorm(Clip(x, c), w.pre_attn_norm, kEps);
  const auto mixed = Linear(LocalAttention(normed, w, context, c), w.post);
  return x + RmsNorm(Clip(mixed, c), w.post_norm, kEps);
}

torch::Tensor LightConv(const torch::Tensor& x, const LightConvWeights& w, const AudioConfig& c) {
  const auto gated = torch::glu(Linear(RmsNorm(x, w.pre_layer_norm, c.rms_norm_eps), w.linear_start), -1);
  const auto padded = torch::constant_pad_nd(gated.transpose(1, 2), {c.conf_conv_kernel_size - 1, 0});
  const std::array<int64_t, 1> one = {1}, none = {0};
  const auto mixed = torch::conv1d(padded, w.depthwise_conv1d.to(torch::kFloat32), /*bias=*/{}, one,
                                   at::IntArrayRef(none), /*dilation=*/one, /*groups=*/c.hidden_size);
  const auto normed = RmsNorm(Clip(mixed.transpose(1, 2), c), w.conv_norm, c.rms_norm_eps);
  return x + Linear(torch::silu(normed), w.linear_end);
}

torch::Tensor ConformerBlock(const torch::Tensor& x, const torch::Tensor& mask,
                             const ConformerBlockWeights& w, const LocalContext& context,
                             const AudioConfig& c) {
  const auto started = ConformerFeedForward(x, w.ffw_layer_start, c);
  const auto attended = ConformerAttention(started, w.attention, context, c);
  const auto there = attended.masked_fill(mask.unsqueeze(-1), 0);
  const auto ended = ConformerFeedForward(LightConv(there, w.lconv1d, c), w.ffw_layer_end, c);
  return RmsNorm(Clip(ended, c), w.norm, kEps);
}

}  // namespace plelab
