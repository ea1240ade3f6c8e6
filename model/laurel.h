// LAuReL (learned augmented residual layer): a low-rank path beside attention.
#pragma once

#include <torch/types.h>

#include "model/config.h"
#include "model/weights.h"

namespace plelab {

// x [B, T, hidden], already normed → x + norm(right(left(x))).  Reference: Gemma3nTextLaurelBlock.
torch::Tensor Laurel(const torch::Tensor& x, const LaurelWeights& w, const TextConfig& c);

}  // namespace plelab
