// The three kinds of block of the vision tower.  x and the result lie as model/vision_ops.h says.
#pragma once

#include <torch/types.h>

#include "model/vision_weights.h"

namespace plelab {

// x [n, h, w, in] → [n, ⌈h / stride⌉, ⌈w / stride⌉, out].
// Reference: timm EdgeResidual, UniversalInvertedResidual, MobileAttention.
torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block, const EdgeResidualWeights& w);
torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block,
                             const InvertedResidualWeights& w);
torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block,
                             const MultiQueryAttentionWeights& w);

}  // namespace plelab
