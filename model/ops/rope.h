// Rotary position embedding.  Full and sliding layers have bases of their own.
#pragma once

#include <torch/types.h>

#include "model/checkpoint/config.h"

namespace plelab {

// cos and sin of the angles of consecutive positions, [T, head_dim / 2] float32.
struct RopeTable {
  torch::Tensor cos, sin;
  RopeTable Narrow(int64_t start, int64_t count) const {
    return {cos.narrow(0, start, count), sin.narrow(0, start, count)};
  }
};

// Positions start … start + count − 1.  Angles are products in float32, as in Gemma3nRotaryEmbedding: at
// position 32k another order of rounding shows.
RopeTable MakeRope(const TextConfig& config, LayerType type, int64_t start, int64_t count,
                   torch::Device device);

// x [B, T, heads, head_dim] float32: rotates the pair (x[i], x[i + head_dim / 2]).
torch::Tensor ApplyRope(const torch::Tensor& x, const RopeTable& rope);

}  // namespace plelab
