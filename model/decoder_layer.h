// One layer of the text decoder.
#pragma once

#include <torch/types.h>

#include "model/altup.h"
#include "model/text_pass.h"

namespace plelab {

// n streams [B, T, hidden] float32 → n of [B, pass.Wanted(position), hidden], or none when that is 0.
// `position` is the layer's place in the list.  Reference: Gemma3nTextDecoderLayer.
AltUpStreams DecoderLayer(const AltUpStreams& streams, int64_t position, TextPass& pass);

}  // namespace plelab
