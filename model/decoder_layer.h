// One layer of the text decoder.
#pragma once

#include <torch/types.h>

#include "model/text_pass.h"

namespace plelab {

// streams [n, B, T, hidden] float32 → [n, B, pass.Wanted(position), hidden], or undefined when that is 0.
// `position` is the layer's place in the list.  Reference: Gemma3nTextDecoderLayer.
torch::Tensor DecoderLayer(const torch::Tensor& streams, int64_t position, TextPass& pass);

}  // namespace plelab
