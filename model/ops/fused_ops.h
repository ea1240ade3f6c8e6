// Operations of the forward pass in one sweep over the rows, each with its own backward: several passes over
// memory less than the same in ATen, which remains their oracle (tests) and serves other devices.
#pragma once

#include <torch/types.h>

#include <vector>

namespace plelab {

// True where a kernel may work: float32 on the CPU.
bool CanFuse(const torch::Tensor& x);

// REQUIRES CanFuse of every float32 argument below; rows may lie apart, their elements may not.

// x [..., n], weight [n] of any float type, or undefined.  Reference: Gemma3nRMSNorm.
torch::Tensor FusedRmsNorm(const torch::Tensor& x, const torch::Tensor& weight, double eps);

// gelu(gate) · up, [..., n]; sparsity > 0: of the gate after Gaussian top-k.
torch::Tensor FusedGatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity);

// streams: count ≤ kMaxMixedStreams of [B, T, hidden]; coefs [B, T, count · count], row `to`, column `from`.
std::vector<torch::Tensor> FusedMixStreams(const std::vector<torch::Tensor>& streams,
                                           const torch::Tensor& coefs);

// predictions as streams, activated [B, T, hidden], coefs [B, T, count].
std::vector<torch::Tensor> FusedAddInnovation(const std::vector<torch::Tensor>& predictions,
                                              const torch::Tensor& activated, const torch::Tensor& coefs,
                                              int64_t active);

}  // namespace plelab
