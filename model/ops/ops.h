// The small operations that every layer is made of.
//
// Numerics: activations are float32 throughout.  A large product rounds its input and output to its weight's
// dtype, where the machine multiplies in that dtype, and comes back as float32 (Linear).  So with bfloat16
// weights norms, statistics, residual streams and attention scores keep float32, where the reference rounds
// each of them to bfloat16.
#pragma once

#include <torch/types.h>

#include "model/catalog/text_weights.h"

namespace plelab {

// The dtype that activations have around products with `w`, and keys and values in the cache.
torch::ScalarType ComputeType(const LinearWeight& w);

// The dtype that a product with `w` is computed in: bfloat16 values are widened on a CPU that cannot multiply
// them.  A weight of format kBFloat16 whose values are float32 is rounded for each product (training).
torch::ScalarType ProductType(const LinearWeight& w, torch::Device device);

// x [..., in] of any float dtype → [..., out] float32.
torch::Tensor Linear(const torch::Tensor& x, const LinearWeight& w);
// The map's first `count` outputs (rows) or inputs (columns): a view, no copy.
LinearWeight FirstOutputs(const LinearWeight& w, int64_t count);
LinearWeight FirstInputs(const LinearWeight& w, int64_t count);

// x · rsqrt(mean(x²) + eps) · weight over the last dimension, float32.  Multiplies by weight, not 1 + weight.
// An undefined weight is a norm without scale.  Reference: Gemma3nRMSNorm.
torch::Tensor RmsNorm(const torch::Tensor& x, const torch::Tensor& weight, double eps);
// The same in ATen's operations, on any device: x float32.
torch::Tensor UnfusedRmsNorm(const torch::Tensor& x, const torch::Tensor& weight, double eps);

// gelu_pytorch_tanh.
torch::Tensor Gelu(const torch::Tensor& x);

// The quantile of the standard normal distribution: P(z ≤ NormalQuantile(p)) = p.
double NormalQuantile(double p);
// relu(x − cutoff), cutoff = mean + std · NormalQuantile(sparsity), both over the last dimension, std without
// Bessel's correction.  Reference: Gemma3nTextMLP._gaussian_topk.
torch::Tensor GaussianTopK(const torch::Tensor& x, double sparsity);
// gelu(gate) · up [..., n]; sparsity > 0: of GaussianTopK(gate).  Reference: Gemma3nTextMLP.
torch::Tensor GatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity);
torch::Tensor UnfusedGatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity);

// cap · tanh(x / cap); cap 0 returns x.  May overwrite x where no gradient is wanted.
torch::Tensor Softcap(torch::Tensor x, double cap);

}  // namespace plelab
