// The audio tower's own small operations: ATen under autograd and off the CPU, else kernels that pass over
// the activations once (a fifth of the tower's time in ATen is spent outside matrix products).
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
// residual + scale · RmsNorm(x limited to ±clip, weight), over the last dimension; no residual where
// undefined.
torch::Tensor ClippedRmsNorm(const torch::Tensor& x, const torch::Tensor& weight,
                             const ClippedNormOptions& options, const torch::Tensor& residual = {});

// Each channel convolved with its own kernel over time: x [B, T, channels], weight [channels, 1, kernel] →
// [B, T, channels], output t from inputs t − kernel + 1 … t, zero before the first.
torch::Tensor CausalDepthwiseConv(const torch::Tensor& x, const torch::Tensor& weight);

// x [B, T, bins, channels] normed at each time by the mean and the spread of all that came until then, times
// weight [channels], negative values zero.  The spread is the reference's: the mean of squared distances,
// each from the mean as it stood at its own time.  May overwrite x where no gradient is wanted. Reference:
// Gemma3nAudioCumulativeGroupNorm, and the ReLU after it.
torch::Tensor CumulativeNormRelu(const torch::Tensor& x, const torch::Tensor& weight, double eps);

}  // namespace plelab
