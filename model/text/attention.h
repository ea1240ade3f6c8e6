// Grouped-query attention with norms on queries, keys and values.  Scores are not scaled.
#pragma once

#include <torch/types.h>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"
#include "model/ops/rope.h"

namespace plelab {

// Keys and values of consecutive positions.
struct KeysValues {
  torch::Tensor keys, values;  // [B, kv_heads, K, head_dim]
  int64_t start = 0;           // absolute position of the first key
};

// x is [B, T, hidden], already normed; rope and `start` give its positions.  Keys are normed and rotated,
// values are normed without a scale.  float32: whoever keeps them rounds them.
KeysValues MakeKeysValues(const torch::Tensor& x, const AttentionWeights& w, const RopeTable& rope,
                          int64_t start, const TextConfig& c);

// x [B, T, hidden], already normed, at positions query_start …, with the angles in rope → [B, T, hidden]
// float32.  The query at q sees keys at k ≤ q and, in a sliding layer, q − k < window.  Scores exist for only
// one block of queries at a time.  Reference: Gemma3nTextAttention; KV-sharing layers pass their donor's keys
// and values.
torch::Tensor Attention(const torch::Tensor& x, const KeysValues& kv, const AttentionWeights& w,
                        const RopeTable& rope, int64_t query_start, LayerType type, const TextConfig& c);

}  // namespace plelab
