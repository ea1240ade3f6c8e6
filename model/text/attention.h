// Grouped-query attention with norms on queries, keys and values; scores are not scaled.
#pragma once

#include <torch/types.h>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"
#include "model/ops/rope.h"

namespace plelab {

// Keys and values of consecutive positions, in the weights' dtype.
struct KeysValues {
  torch::Tensor keys, values;  // [B, kv_heads, K, head_dim]
  int64_t start = 0;           // absolute position of the first
};

// x [B, T, hidden], already normed; rope and `start` are x's positions.  Keys are normed and rotated, values
// normed without a scale.
KeysValues MakeKeysValues(const torch::Tensor& x, const AttentionWeights& w, const RopeTable& rope,
                          int64_t start, const TextConfig& c);

// x [B, T, hidden], already normed, at positions query_start …; rope is theirs → [B, T, hidden] float32.
// Position q sees k with k ≤ q and, in a sliding layer, q − k < window.  Scores never exist for more than a
// block of queries at once. Reference: Gemma3nTextAttention, whose sharing layers pass their donor's keys and
// values.
torch::Tensor Attention(const torch::Tensor& x, const KeysValues& kv, const AttentionWeights& w,
                        const RopeTable& rope, int64_t query_start, LayerType type, const TextConfig& c);

}  // namespace plelab
