// The gated feed-forward network, sparse in the layers that say so.
#pragma once

#include <torch/types.h>

#include "model/layer_list.h"
#include "model/weights.h"

namespace plelab {

// x [B, T, hidden] → down(gelu(gate(x)) · up(x)), with Gaussian top-k on the gate where spec is sparse and
// only the first spec.ffn_width units where it is narrower than the weights (MatFormer).  Reference:
// Gemma3nTextMLP.
torch::Tensor Mlp(const torch::Tensor& x, const MlpWeights& w, const LayerSpec& spec);

}  // namespace plelab
