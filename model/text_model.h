// The text decoder from embeddings to logits, with or without gradients.  Reference: Gemma3nTextModel and its
// head.
#pragma once

#include <torch/types.h>

#include "model/text_pass.h"

namespace plelab {

// ids [B, T] on the weights' device, each in [0, vocab) → embed_tokens rows × √hidden, [B, T, hidden]
// float32.
torch::Tensor EmbedTokens(const torch::Tensor& ids, const TextModel& model);

// embeds [B, T, hidden] float32: of tokens, or of images and audio in their places.  `rows` are those of all
// T tokens. Without a cache: one full pass from position 0.  With one: goes on at kv->length(), in pieces of
// kv->chunk(); no gradient. Returns float32 logits [B, T, vocab] (kAll), [B, 1, vocab] (kLast), or an
// undefined tensor (kNone).  Throws RunError when the cache has no room or another batch.
torch::Tensor TextForward(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows,
                          KvCache* kv, LogitsWanted wanted);

// What the head multiplies: the merged, normed streams [B, T, hidden] of one full pass without a cache, with
// gradients where they are enabled.
torch::Tensor TextHidden(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows);

}  // namespace plelab
