// `folded` is equal but for rounding: how near its logits must be to those of an exact variant.
#pragma once

#include <torch/types.h>

#include <string>

namespace plelab {

// A share of max|logit|, in float32 (VariantPlan::near).
inline constexpr double kFoldedBound = 2e-4;

// max|logits − reference| / max|reference|.  Any shape, the same for both, on one device.
double LargestDifference(const torch::Tensor& logits, const torch::Tensor& reference);

// "" where they are near enough, else what is wrong: "prompt: its logits …".
std::string FarFrom(const torch::Tensor& logits, const torch::Tensor& reference, const std::string& where,
                    const std::string& reference_name);

}  // namespace plelab
