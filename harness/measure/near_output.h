// `folded` is exact up to rounding.  Checks how close its logits are to those of an exact variant.
#pragma once

#include <torch/types.h>

#include <string>

namespace plelab {

// The largest allowed difference, as a share of max|logit|, in float32 (VariantPlan::near).
inline constexpr double kFoldedBound = 2e-4;

// max|logits − reference| / max|reference|.  Both tensors must have the same shape and device.
double LargestDifference(const torch::Tensor& logits, const torch::Tensor& reference);

// Returns "" when the logits are within kFoldedBound, otherwise an error message: "prompt: its logits …".
std::string FarFrom(const torch::Tensor& logits, const torch::Tensor& reference, const std::string& where,
                    const std::string& reference_name);

}  // namespace plelab
