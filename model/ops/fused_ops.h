// Operations of the forward pass that sweep over the rows once, each with a backward pass of its own.  They
// save several passes over memory compared with ATen.  The ATen versions remain the oracle in tests and serve
// other devices.
#pragma once

#include <torch/types.h>

#include <vector>

namespace plelab {

// True when the fused kernels can process x: float32 on the CPU.
bool CanFuse(const torch::Tensor& x);

// All functions below REQUIRE CanFuse of every float32 argument.  The elements of a row must be contiguous;
// the rows need not be.

// x is [..., n]; weight is [n] of any float dtype, or undefined.  Reference: Gemma3nRMSNorm.
torch::Tensor FusedRmsNorm(const torch::Tensor& x, const torch::Tensor& weight, double eps);

// gelu(gate) · up, [..., n].  With sparsity > 0, the gate first passes through Gaussian top-k.
torch::Tensor FusedGatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity);

// streams: count ≤ kMaxMixedStreams tensors [B, T, hidden]. coefs: [B, T, count · count], row `to`, column
// `from`.
std::vector<torch::Tensor> FusedMixStreams(const std::vector<torch::Tensor>& streams,
                                           const torch::Tensor& coefs);

// predictions: tensors as `streams` above. activated: [B, T, hidden]. coefs: [B, T, count].
std::vector<torch::Tensor> FusedAddInnovation(const std::vector<torch::Tensor>& predictions,
                                              const torch::Tensor& activated, const torch::Tensor& coefs,
                                              int64_t active);

}  // namespace plelab
