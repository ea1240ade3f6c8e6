#include "model/vision_blocks.h"

#include "model/vision_ops.h"

namespace plelab {
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
  // Where both depthwise convolutions are there, the later one strides.
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

// All heads share the keys and values, so they can be rows of one head: ATen's flash kernel then takes them
// as they lie, where heads apart would need keys copied for each or run the kernel that stores every score.
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
