#include "model/audio/audio_tower.h"

#include "model/audio/audio_ops.h"
#include "model/audio/conformer.h"
#include "model/base/error.h"
#include "model/ops/ops.h"

namespace plelab {
namespace {

void RequireFrames(const torch::Tensor& mel, const torch::Tensor& mask, const AudioConfig& config) {
  const bool fits = mel.dim() == 3 && mel.size(2) == config.input_feat_size && mel.numel() > 0;
  if (!fits || !mel.is_floating_point()) {
    throw RunError(
        "EncodeAudio: expected mel frames [batch, time, {}] of floats, at least one, found {} [{}]",
        config.input_feat_size, mel.toString(), Join(mel.sizes(), ", "));
  }
  if (mask.scalar_type() != torch::kBool || mask.sizes() != mel.sizes().slice(0, 2)) {
    throw RunError("EncodeAudio: expected a mask [{}, {}] of bool, found {} [{}]", mel.size(0), mel.size(1),
                   mask.toString(), Join(mask.sizes(), ", "));
  }
}

}  // namespace

AudioEncoding EncodeAudio(const torch::Tensor& mel, const torch::Tensor& mask, const AudioWeights& w,
                          const AudioConfig& config) {
  RequireFrames(mel, mask, config);
  const torch::Device device = w.subsample_conv_projection.input_proj_linear.values.device();
  auto x = SubsampleAudio(mel.to(device), w.subsample_conv_projection, config);
  const auto absent = SubsampleMask(mask.to(device), x.size(1), config);
  const LocalContext context = MakeLocalContext(absent, config);
  const int64_t factor = config.conf_reduction_factor;
  for (size_t block = 0; block < w.conformer.size(); ++block) {
    const bool last = block + 1 == w.conformer.size();
    x = ConformerBlock(x, absent, w.conformer[block], context, config, last ? factor : 1);
  }
  const auto left_out = absent.slice(1, 0, absent.size(1), factor);
  const auto features = x.masked_fill(left_out.unsqueeze(-1), 0);
  return {features, left_out.to(torch::kCPU).contiguous()};
}

namespace {

// x [B, C, T, F] → [B, C', T', F'] in channels-last order, so that the values normed together (one time's
// bins and channels) are contiguous.  Time is padded only at its end (the reference's "reverse causal"), so
// an output starts at its first input frame.  Bins are padded by one on either side, whatever the kernel.
torch::Tensor ConvBlock(const torch::Tensor& x, const AudioConvWeights& w, int conv, const AudioConfig& c) {
  const auto weight = w.conv.to(torch::kFloat32);
  const auto padded = torch::constant_pad_nd(x, {1, 1, 0, weight.size(2) - 1});
  const auto out = torch::conv2d(padded.contiguous(torch::MemoryFormat::ChannelsLast), weight, {},
                                 c.sscp_conv_stride_size[conv]);
  const auto by_time = out.permute({0, 2, 3, 1}).contiguous();  // [B, T', F', C']
  return CumulativeNormRelu(by_time, w.norm, c.sscp_conv_group_norm_eps).permute({0, 3, 1, 2});
}

}  // namespace

torch::Tensor SubsampleAudio(const torch::Tensor& mel, const SubsamplingWeights& w, const AudioConfig& c) {
  auto x = mel.to(torch::kFloat32).unsqueeze(1);  // [B, 1, T, bins]
  for (int conv = 0; conv < 2; ++conv) x = ConvBlock(x, w.conv[conv], conv, c);
  return Linear(x.permute({0, 2, 3, 1}).flatten(2), w.input_proj_linear);
}

torch::Tensor SubsampleMask(const torch::Tensor& mask, int64_t frames, const AudioConfig& c) {
  const int64_t stride = c.sscp_conv_stride_size[0][0] * c.sscp_conv_stride_size[1][0];
  const auto starts = torch::arange(frames, torch::dtype(torch::kInt64).device(mask.device())) * stride;
  return mask.index_select(1, starts.clamp_max(mask.size(1) - 1));
}

}  // namespace plelab
