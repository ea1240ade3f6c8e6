// The head and its loss, computed a few rows at a time so that the logits of a batch are never held.
#pragma once

#include <torch/types.h>

#include "model/catalog/text_weights.h"

namespace plelab {

// As a target: the position is not scored.
inline constexpr int64_t kNotScored = -100;

// Σ −ln p(target) over the scored positions, a float32 scalar. hidden is [n, hidden] float32, head [vocab,
// hidden] row-major, and targets [n] ids or kNotScored; softcap is the model's, 0 for none.  Gradient flows
// to hidden and head.values.  It is computed together with the value, so the value alone is cheaper when no
// gradient is wanted.
torch::Tensor HeadLoss(const torch::Tensor& hidden, const LinearWeight& head, double softcap,
                       const torch::Tensor& targets);

// −ln p(target) of each position, [n] float32, 0 at positions that are not scored.  No gradient.
torch::Tensor HeadNats(const torch::Tensor& hidden, const LinearWeight& head, double softcap,
                       const torch::Tensor& targets);

}  // namespace plelab
