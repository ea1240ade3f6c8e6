// One layer of the text decoder.
#pragma once

#include <torch/types.h>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"
#include "model/text/altup.h"
#include "model/text/layer_list.h"
#include "model/text/text_model.h"

namespace plelab {

// n streams [B, T, hidden] float32 → n of [B, pass.Wanted(position), hidden], or none when that is 0.
// `position` is the layer's place in the list.  Reference: Gemma3nTextDecoderLayer.
AltUpStreams DecoderLayer(const AltUpStreams& streams, int64_t position, TextPass& pass);

// LAuReL (learned augmented residual layer), a low-rank path beside attention:
// x [B, T, hidden], already normed → x + norm(right(left(x))).  Reference: Gemma3nTextLaurelBlock.
torch::Tensor Laurel(const torch::Tensor& x, const LaurelWeights& w, const TextConfig& c);

// The gated feed-forward network, sparse in the layers whose spec says so:
// x [B, T, hidden] → down(gelu(gate(x)) · up(x)), with Gaussian top-k on the gate where spec is sparse and
// only the first spec.ffn_width units where it is narrower than the weights (MatFormer).  Reference:
// Gemma3nTextMLP.
torch::Tensor Mlp(const torch::Tensor& x, const MlpWeights& w, const LayerSpec& spec);

}  // namespace plelab
