// The small operations that every layer is made of.
//
// Numerics: activations are float32 throughout.  If the machine multiplies in the weight's dtype, a large
// product (Linear) rounds its input and output to that dtype and returns float32.  So with bfloat16 weights,
// norms, statistics, residual streams and attention scores keep float32, whereas the reference rounds each of
// them to bfloat16.
#pragma once

#include <torch/types.h>

#include "model/catalog/text_weights.h"

namespace plelab {

// The dtype of the activations around products with `w`, and of keys and values in the cache.
torch::ScalarType ComputeType(const LinearWeight& w);

// The dtype in which a product with `w` is computed: bfloat16 values are widened on a CPU that cannot
// multiply them.  A weight of format kBFloat16 whose values are float32 is rounded for each product
// (training).
torch::ScalarType ProductType(const LinearWeight& w, torch::Device device);

// x [..., in] of any float dtype → [..., out] float32.
torch::Tensor Linear(const torch::Tensor& x, const LinearWeight& w);

// x · rsqrt(mean(x²) + eps) · weight over the last dimension, float32.  Multiplies by weight, not by 1 +
// weight.  With an undefined weight the norm has no scale.  Reference: Gemma3nRMSNorm.
torch::Tensor RmsNorm(const torch::Tensor& x, const torch::Tensor& weight, double eps);
// The same composed of ATen operations, on any device; x is float32.
torch::Tensor UnfusedRmsNorm(const torch::Tensor& x, const torch::Tensor& weight, double eps);

// gelu_pytorch_tanh.
torch::Tensor Gelu(const torch::Tensor& x);

// The quantile function of the standard normal distribution: P(z ≤ NormalQuantile(p)) = p.
double NormalQuantile(double p);
// relu(x − cutoff), where cutoff = mean + std · NormalQuantile(sparsity).  Mean and std are over the last
// dimension, std without Bessel's correction.  Reference: Gemma3nTextMLP._gaussian_topk.
torch::Tensor GaussianTopK(const torch::Tensor& x, double sparsity);
// gelu(gate) · up, [..., n].  With sparsity > 0, GaussianTopK(gate) takes the place of gate.  Reference:
// Gemma3nTextMLP.
torch::Tensor GatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity);
torch::Tensor UnfusedGatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity);

// cap · tanh(x / cap); cap 0 returns x.  May overwrite x when no gradient is wanted.
torch::Tensor Softcap(torch::Tensor x, double cap);

}  // namespace plelab
