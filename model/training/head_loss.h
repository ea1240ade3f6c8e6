// The head and its loss in one pass over a few rows at a time: the logits of a batch are never held.
#pragma once

#include <torch/types.h>

#include "model/catalog/text_weights.h"

namespace plelab {

// As a target: the position is not scored.
inline constexpr int64_t kNotScored = -100;

// Σ −ln p(target) over the scored positions, a float32 scalar.  hidden [n, hidden] float32, head [vocab,
// hidden] row-major, targets [n] ids or kNotScored; softcap as in the model, 0 for none.  Gradient flows to
// hidden and head.values; it is made together with the value, so that asking for a value alone is cheaper.
torch::Tensor HeadLoss(const torch::Tensor& hidden, const LinearWeight& head, double softcap,
                       const torch::Tensor& targets);

// −ln p(target) of each position, [n] float32, 0 where it is not scored.  No gradient.
torch::Tensor HeadNats(const torch::Tensor& hidden, const LinearWeight& head, double softcap,
                       const torch::Tensor& targets);

}  // namespace plelab
