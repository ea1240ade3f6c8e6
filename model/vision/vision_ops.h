// What the vision tower's blocks are made of.  Activations lie channels last, [n, h, w, channels] contiguous
// and float32: a 1 × 1 convolution is then a matrix product, and a norm over channels runs along memory.
#pragma once

#include <torch/types.h>

namespace plelab {

// timm RmsNorm2d's eps, which no config changes.
inline constexpr double kVisionNormEps = 1e-6;

// x [n, h, w, in], weight [out, in, 1, 1] → [n, h, w, out].
torch::Tensor PointwiseConv(const torch::Tensor& x, const torch::Tensor& weight);

// x [n, h, w, in], weight [out, in / groups, k, k], k odd → [n, ⌈h / stride⌉, ⌈w / stride⌉, out], zeros
// around x as TensorFlow's SAME has them (an odd one goes below and to the right).  `bias` [out] may be
// undefined. Reference: timm Conv2dSame.
torch::Tensor SameConv(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                       int64_t stride, int64_t groups = 1);
// The same with a filter for each channel, weight [channels, 1, k, k].
torch::Tensor DepthwiseConv(const torch::Tensor& x, const torch::Tensor& weight, int64_t stride);

// x · rsqrt(mean(x²) + eps) · weight over channels.  Reference: timm RmsNorm2d.
torch::Tensor ChannelNorm(const torch::Tensor& x, const torch::Tensor& weight);
// The same; overwrites x where no gradient is wanted, so x must be nobody else's.
torch::Tensor ChannelNormInPlace(torch::Tensor x, const torch::Tensor& weight);
// gelu_pytorch_tanh of it, likewise.  Reference: timm RmsNormAct2d.
torch::Tensor ChannelNormGelu(torch::Tensor x, const torch::Tensor& weight);

// residual + x · scale, scale [channels]; an undefined one of the two is left out.  May overwrite x where no
// gradient is wanted.  Reference: timm LayerScale2d and the skip around it.
torch::Tensor ScaleAndAdd(torch::Tensor x, const torch::Tensor& scale, const torch::Tensor& residual);

}  // namespace plelab
