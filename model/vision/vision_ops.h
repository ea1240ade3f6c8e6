// The operations that the vision tower's blocks are made of.  Activations are channels last, [n, h, w,
// channels] contiguous float32: a 1 × 1 convolution is then a matrix product, and a norm over channels runs
// along memory.
#pragma once

#include <torch/types.h>

namespace plelab {

// The eps of timm's RmsNorm2d, which no config changes.
inline constexpr double kVisionNormEps = 1e-6;

// x [n, h, w, in], weight [out, in, 1, 1] → [n, h, w, out].
torch::Tensor PointwiseConv(const torch::Tensor& x, const torch::Tensor& weight);

// x [n, h, w, in], weight [out, in / groups, k, k] with odd k → [n, ⌈h / stride⌉, ⌈w / stride⌉, out].  Pads
// with zeros as TensorFlow's SAME does (an odd row or column of padding goes below or to the right).  `bias`
// [out] may be undefined.  Reference: timm Conv2dSame.
torch::Tensor SameConv(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                       int64_t stride, int64_t groups = 1);
// The same with one filter per channel, weight [channels, 1, k, k].
torch::Tensor DepthwiseConv(const torch::Tensor& x, const torch::Tensor& weight, int64_t stride);

// x · rsqrt(mean(x²) + eps) · weight over channels.  Reference: timm RmsNorm2d.
torch::Tensor ChannelNorm(const torch::Tensor& x, const torch::Tensor& weight);
// The same, but overwrites x when no gradient is wanted, so the caller must be the only user of x.
torch::Tensor ChannelNormInPlace(torch::Tensor x, const torch::Tensor& weight);
// gelu_pytorch_tanh of ChannelNormInPlace, which may overwrite x likewise.  Reference: timm RmsNormAct2d.
torch::Tensor ChannelNormGelu(torch::Tensor x, const torch::Tensor& weight);

// residual + x · scale, where scale is [channels].  Either scale or residual may be undefined and is then
// left out.  May overwrite x when no gradient is wanted.  Reference: timm LayerScale2d and the skip around
// it.
torch::Tensor ScaleAndAdd(torch::Tensor x, const torch::Tensor& scale, const torch::Tensor& residual);

}  // namespace plelab
