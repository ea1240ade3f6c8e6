// The vision encoder (MobileNet-V5 300M): from pixels to soft tokens, before the embedder.
#pragma once

#include <torch/types.h>

#include "model/catalog/vision_weights.h"

namespace plelab {

// pixels [n, 3, h, w] of a float dtype, values in [0, 1] → soft tokens [n, 256, hidden] float32 on the
// weights' device, multiplied by √hidden.  Any n, h and w ≥ 1; every size gives 256 tokens (the published
// size is 768 × 768).  Gradient flows to pixels and weights.  Throws UserError naming the shape or hidden
// size that does not fit.  Reference: timm MobileNetV5Encoder, then Gemma3nModel.get_image_features up to the
// embedder.
torch::Tensor EncodeImages(const torch::Tensor& pixels, const VisionWeights& w, const VisionConfig& config);

// The three kinds of block of the vision tower. x [n, h, w, in] → [n, ⌈h / stride⌉, ⌈w / stride⌉, out], both
// in the memory layout that vision_ops.h describes.  Reference: timm EdgeResidual, UniversalInvertedResidual,
// MobileAttention.
torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block, const EdgeResidualWeights& w);
torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block,
                             const InvertedResidualWeights& w);
torch::Tensor RunVisionBlock(const torch::Tensor& x, const VisionBlock& block,
                             const MultiQueryAttentionWeights& w);

}  // namespace plelab
