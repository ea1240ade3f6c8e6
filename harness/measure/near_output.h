// `folded` is exact up to rounding.  Checks how close its logits are to those of an exact variant.
#pragma once

#include <torch/types.h>

#include <string>

#include "model/base/dtype.h"
#include "model/gemma3n/gemma3n.h"

namespace plelab {

// The largest allowed max|logits − reference| / max|reference| where the model computes in float32.
inline constexpr double kFoldedBound = 2e-4;
// The largest allowed rms(logits − reference) / rms(reference) where something is coarser: computed in
// bfloat16, or kept in int8.  In bfloat16 finished inputs are more exact than those that they replace, which
// come from products of 8-bit fractions.  On four random checkpoints and the trained small one, outputs
// differ by at most 0.9 %, those of a single token by 3.4 %; rows of zeros or of other tokens move them by 35
// % and more.
inline constexpr double kFoldedBoundBFloat16 = 0.1;

// The coarsest dtype in which a model computes or keeps keys and values.
DType CoarsestDType(const Gemma3n& model);

// Returns "" when the logits of a model whose coarsest dtype is `dtype` are within its bound of the
// reference's (same shape and device), otherwise an error message: "prompt: its logits …".
std::string FarFrom(const torch::Tensor& logits, const torch::Tensor& reference, DType dtype,
                    const std::string& where, const std::string& reference_name);

}  // namespace plelab
