// Image and audio vocabulary in the text model's space.  Reference: Gemma3nMultimodalEmbedder.
#pragma once

#include <torch/types.h>

#include "model/weights.h"

namespace plelab {

// entries [...] int64 on the weights' device, each in [0, embedder's vocab): ids less the vocabulary's offset
// → [..., hidden] float32.
torch::Tensor EmbedHardTokens(const torch::Tensor& entries, const EmbedderWeights& w, double eps);
// features [..., tower hidden], what the tower made → [..., hidden] float32.
torch::Tensor EmbedSoftTokens(const torch::Tensor& features, const EmbedderWeights& w, double eps);

}  // namespace plelab
