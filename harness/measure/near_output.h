// `folded` is equal but for rounding: how near its logits must be to those of an exact variant.
#pragma once

#include <torch/types.h>

#include <string>

#include "harness/config/experiment_config.h"

namespace plelab {

// Of max|logit|, in float32 (design, section 9).  In bfloat16 there is no bound: both round by more than
// this.
inline constexpr double kFoldedBound = 2e-4;

// True for a variant that is held to that bound.
bool MustBeNear(const VariantConfig& variant);

// max|logits − reference| / max|reference|.  Any shape, the same for both, on one device.
double LargestDifference(const torch::Tensor& logits, const torch::Tensor& reference);

// "" where they are near enough, else what is wrong: "prompt: its logits …".
std::string FarFrom(const torch::Tensor& logits, const torch::Tensor& reference, const std::string& where,
                    const std::string& reference_name);

}  // namespace plelab
