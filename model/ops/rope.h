// Rotary position embedding.  Full and sliding layers each have a base (rope_theta) of their own.
#pragma once

#include <torch/types.h>

#include "model/checkpoint/config.h"

namespace plelab {

// Cosines and sines of the angles at consecutive positions, [T, head_dim / 2] float32.
struct RopeTable {
  torch::Tensor cos, sin;
  RopeTable Narrow(int64_t start, int64_t count) const {
    return {cos.narrow(0, start, count), sin.narrow(0, start, count)};
  }
};

// Covers positions start … start + count − 1.  The angles are float32 products, as in Gemma3nRotaryEmbedding:
// at position 32k another order of rounding is visible.
RopeTable MakeRope(const TextConfig& config, LayerType type, int64_t start, int64_t count,
                   torch::Device device);

// x is [B, T, heads, head_dim] float32.  Rotates each pair (x[i], x[i + head_dim / 2]).
torch::Tensor ApplyRope(const torch::Tensor& x, const RopeTable& rope);

}  // namespace plelab
