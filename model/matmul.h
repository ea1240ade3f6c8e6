// The one product with a linear weight: every layer of the model goes through here.
#pragma once

#include <torch/types.h>

#include "model/weights.h"

namespace plelab {

// x [..., in] → x · Wᵀ [..., out] in x's dtype, on x's device.  Gradient flows to x and w.values when either wants one.
// Throws RunError when x's last size is not w.in.
torch::Tensor MatMul(const torch::Tensor& x, const LinearWeight& w);

}  // namespace plelab
