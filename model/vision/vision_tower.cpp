#include "model/vision/vision_tower.h"

#include <cmath>

#include "model/base/error.h"
#include "model/vision/vision_ops.h"

namespace plelab {
namespace {

void Require(const torch::Tensor& pixels, const VisionConfig& config) {
  const bool fits =
      pixels.dim() == 4 && pixels.size(1) == 3 && pixels.numel() > 0 && pixels.is_floating_point();
  if (!fits) {
    throw UserError(
        "pixels: expected a float tensor [images, 3, height, width] with no size 0, found {} [{}]",
        c10::toString(pixels.scalar_type()), Join(pixels.sizes(), ", "));
  }
  if (config.hidden_size != kVisionOutputChannels) {
    throw UserError("vision_config: key 'hidden_size': expected {} as {} has, found {}",
                    kVisionOutputChannels, config.architecture, config.hidden_size);
  }
}

// x as ATen's image operations expect it, [n, channels, h, w] with channels-last strides, and back.
torch::Tensor ChannelsFirst(const torch::Tensor& x) { return x.permute({0, 3, 1, 2}); }
torch::Tensor ChannelsLast(const torch::Tensor& x) { return x.permute({0, 2, 3, 1}).contiguous(); }

// Repeats each position of the coarse grid for all positions of the fine grid that it covers.
torch::Tensor EnlargeTo(const torch::Tensor& coarse, const torch::Tensor& fine) {
  const int64_t height = fine.size(1), width = fine.size(2);
  if (coarse.size(1) == height && coarse.size(2) == width) return coarse;
  return ChannelsLast(at::upsample_nearest2d(ChannelsFirst(coarse), {height, width}));
}

// Averages over whole cells when the output grid divides this one, else resizes bilinearly.
torch::Tensor ResizeToOutput(const torch::Tensor& x) {
  const int64_t grid = kVisionOutputGrid, height = x.size(1), width = x.size(2);
  if (height == grid && width == grid) return x;
  if (height % grid == 0 && width % grid == 0) {
    const std::vector<int64_t> cell = {height / grid, width / grid};
    return ChannelsLast(at::avg_pool2d(ChannelsFirst(x), cell, cell));
  }
  return ChannelsLast(at::upsample_bilinear2d(ChannelsFirst(x), {grid, grid}, /*align_corners=*/false));
}

// fine [n, h, w, …] and coarse [n, ⌈h/2⌉, ⌈w/2⌉, …] → [n, 16, 16, kVisionOutputChannels].
// Reference: timm MobileNetV5MultiScaleFusionAdapter.
torch::Tensor Fuse(const torch::Tensor& fine, const torch::Tensor& coarse, const VisionBlock& block,
                   const FusionAdapterWeights& w) {
  const torch::Tensor both = torch::cat({fine, EnlargeTo(coarse, fine)}, -1);
  return ChannelNormInPlace(ResizeToOutput(RunVisionBlock(both, block, w.ffn)), w.norm);
}

torch::Tensor RunStage(torch::Tensor x, const std::vector<VisionBlock>& blocks,
                       const std::vector<VisionBlockWeights>& weights) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    x = std::visit([&](const auto& w) { return RunVisionBlock(x, blocks[i], w); }, weights[i]);
  }
  return x;
}

}  // namespace

torch::Tensor EncodeImages(const torch::Tensor& pixels, const VisionWeights& w, const VisionConfig& config) {
  Require(pixels, config);
  const VisionArchitecture architecture = MakeVisionArchitecture(config);
  const torch::Tensor image = pixels.to(w.conv_stem.conv.device(), torch::kFloat32);
  torch::Tensor x = SameConv(ChannelsLast(image), w.conv_stem.conv, w.conv_stem.bias, /*stride=*/2);
  x = ChannelNormGelu(x, w.conv_stem.bn);
  x = RunStage(x, architecture.stages[0], w.blocks[0]);
  x = RunStage(x, architecture.stages[1], w.blocks[1]);
  const torch::Tensor fine = RunStage(x, architecture.stages[2], w.blocks[2]);
  const torch::Tensor coarse = RunStage(fine, architecture.stages[3], w.blocks[3]);
  const torch::Tensor fused = Fuse(fine, coarse, architecture.fusion, w.msfa);
  return fused.flatten(1, 2) * std::sqrt(static_cast<double>(config.hidden_size));
}

namespace {

torch::Tensor Skip(const VisionBlock& block, const torch::Tensor& x) {
  return block.has_skip() ? x : torch::Tensor();
}

// x [n, h, w, channels] → [n, 1, keys, head_dim].
torch::Tensor KeysOrValues(const torch::Tensor& x, const KeyValueWeights& w) {
  torch::Tensor grid = x;
  if (w.down_conv.defined()) {
    grid = ChannelNormInPlace(DepthwiseConv(x, w.down_conv, /*stride=*/2), w.norm);
  }
  return PointwiseConv(grid, w.proj).view({x.size(0), 1, -1, w.proj.size(0)});
}

}  // namespace

torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block, const EdgeResidualWeights& w) {
  torch::Tensor y = ChannelNormGelu(SameConv(x, w.conv_exp, /*bias=*/{}, block.stride), w.bn1);
  y = ChannelNormInPlace(PointwiseConv(y, w.conv_pwl), w.bn2);
  return ScaleAndAdd(y, /*scale=*/{}, Skip(block, x));
}

torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block,
                             const InvertedResidualWeights& w) {
  // If the block has both depthwise convolutions, the later one strides.
  const int64_t start_stride = w.dw_mid.conv.defined() ? 1 : block.stride;
  torch::Tensor y = x;
  if (w.dw_start.conv.defined()) {
    y = ChannelNormInPlace(DepthwiseConv(y, w.dw_start.conv, start_stride), w.dw_start.bn);
  }
  y = ChannelNormGelu(PointwiseConv(y, w.pw_exp.conv), w.pw_exp.bn);
  if (w.dw_mid.conv.defined()) {
    y = ChannelNormGelu(DepthwiseConv(y, w.dw_mid.conv, block.stride), w.dw_mid.bn);
  }
  y = ChannelNormInPlace(PointwiseConv(y, w.pw_proj.conv), w.pw_proj.bn);
  return ScaleAndAdd(y, w.layer_scale, Skip(block, x));
}

// All heads share the keys and values, so they can be rows of one head.  ATen's flash kernel then takes keys
// and values as they are; with separate heads they would be copied for each, or the kernel that stores every
// score would run.
torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block,
                             const MultiQueryAttentionWeights& w) {
  const torch::Tensor normed = ChannelNorm(x, w.norm);
  const torch::Tensor query = PointwiseConv(normed, w.query).view({x.size(0), 1, -1, block.head_dim});
  const torch::Tensor attended =
      at::scaled_dot_product_attention(query, KeysOrValues(normed, w.key), KeysOrValues(normed, w.value));
  const torch::Tensor heads =
      attended.reshape({x.size(0), x.size(1), x.size(2), block.heads * block.head_dim});
  return ScaleAndAdd(PointwiseConv(heads, w.output), w.layer_scale, Skip(block, x));
}

}  // namespace plelab
