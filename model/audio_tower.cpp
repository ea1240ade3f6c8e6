#include "model/audio_tower.h"

#include <fmt/ranges.h>

#include "model/audio_subsampling.h"
#include "model/conformer.h"
#include "model/io/error.h"

namespace plelab {
namespace {

void RequireFrames(const torch::Tensor& mel, const torch::Tensor& mask, const AudioConfig& config) {
  const bool fits = mel.dim() == 3 && mel.size(2) == config.input_feat_size && mel.numel() > 0;
  if (!fits || !mel.is_floating_point()) {
    throw RunError(
        "EncodeAudio: expected mel frames [batch, time, {}] of floats, at least one, found {} [{}]",
        config.input_feat_size, mel.toString(), fmt::join(mel.sizes(), ", "));
  }
  if (mask.scalar_type() != torch::kBool || mask.sizes() != mel.sizes().slice(0, 2)) {
    throw RunError("EncodeAudio: expected a mask [{}, {}] of bool, found {} [{}]", mel.size(0), mel.size(1),
                   mask.toString(), fmt::join(mask.sizes(), ", "));
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

}  // namespace plelab
