// The audio tower's own small operations.  They use ATen under autograd and off the CPU, else kernels that
// pass over the activations once (ATen spends a fifth of the tower's time outside matrix products).
#pragma once

#include <torch/types.h>

#include <limits>

namespace plelab {

// True where no gradient is wanted and x is float32 on the CPU.
bool RunsKernels(const torch::Tensor& x);

struct ClippedNormOptions {
  double eps = 0;
  double clip = std::numeric_limits<double>::infinity();
  double scale = 1;
};
// residual + scale · RmsNorm(x limited to ±clip, weight) over the last dimension.  An undefined residual is
// left out.
torch::Tensor ClippedRmsNorm(const torch::Tensor& x, const torch::Tensor& weight,
                             const ClippedNormOptions& options, const torch::Tensor& residual = {});

// Convolves each channel over time with a kernel of its own: x [B, T, channels], weight [channels, 1, kernel]
// → [B, T, channels].  Output t sums inputs t − kernel + 1 … t, with zeros before the first.
torch::Tensor CausalDepthwiseConv(const torch::Tensor& x, const torch::Tensor& weight);

// Normalises x [B, T, bins, channels] at each time by the mean and spread of all values up to that time,
// multiplies by weight [channels] and sets negative values to zero.  The spread is the reference's: the mean
// of squared distances, each taken from the mean as it stood at its own time.  May overwrite x when no
// gradient is wanted.  Reference: Gemma3nAudioCumulativeGroupNorm and the ReLU after it.
torch::Tensor CumulativeNormRelu(const torch::Tensor& x, const torch::Tensor& weight, double eps);

}  // namespace plelab
