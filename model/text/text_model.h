// The text decoder from embeddings to logits, with or without gradients.  Reference: Gemma3nTextModel and its
// head.
#pragma once

#include <torch/types.h>

#include <vector>

#include "model/ops/rope.h"
#include "model/text/altup.h"
#include "model/text/kv_cache.h"
#include "model/text/per_layer_input.h"
#include "model/text/ple_observer.h"

namespace plelab {

enum class LogitsWanted { kAll, kLast, kNone };

// References to everything about the text decoder that stays the same from pass to pass.
struct TextModel {
  const TextConfig& config;
  const TextWeights& weights;
  const LayerList& layers;
  // The row of both embedding tables that look-ups give no gradient to; −1: none.
  int64_t padding_idx = 0;
  bool training = false;            // clip AltUp's coefficients as the reference does in training mode
  bool whole_prompts = false;       // all layers process all tokens, wanted or not
  PleObserver* observer = nullptr;  // may be nullptr
};

// State that the layers of one forward pass share.
class TextPass {
 public:
  // embeds is [B, T, hidden] float32. kv may be nullptr: keys and values then live as long as the pass.
  TextPass(const TextModel& model, const torch::Tensor& embeds, PleRows rows, KvCache* kv,
           LogitsWanted wanted);

  const TextModel& model() const { return model_; }
  int64_t start() const { return start_; }    // absolute position of the first token
  int64_t tokens() const { return tokens_; }  // T

  // How many of the last tokens list position `layer` must process further once it has made its keys and
  // values: all of them before the last donor and in whole prompts, otherwise those whose logits are wanted
  // (possibly 0).
  int64_t Wanted(int64_t layer) const { return layer < last_donor_ ? tokens_ : wanted_after_donors_; }

  // Rotary angles of the last `count` tokens.
  RopeTable Rope(LayerType type, int64_t count) const;
  void Keep(int64_t layer, KeysValues made);
  // The keys and values of `donor` that queries of this pass may see: those in the cache and those of this
  // pass.
  KeysValues Seen(int64_t donor) const;
  // The per-layer input of list position `layer` for the last `count` tokens, which the observer sees as
  // well.  Undefined when the layer's PLE branch is off.
  torch::Tensor PleOf(int64_t layer, int64_t count) const;

 private:
  const TextModel& model_;
  torch::Tensor embeds_;  // in the projection's dtype
  PleRows rows_;
  std::vector<LinearWeight> projections_;  // [layers of the checkpoint]
  KvCache* kv_;
  int64_t start_, tokens_, last_donor_, wanted_after_donors_;
  RopeTable full_, sliding_;
  std::vector<KeysValues> kept_;  // [list], used without a cache
};

// The last `count` entries of dimension `dim`.
inline torch::Tensor Last(const torch::Tensor& x, int64_t dim, int64_t count) {
  return count == x.size(dim) ? x : x.narrow(dim, x.size(dim) - count, count);
}

// ids [B, T] on the weights' device, each in [0, vocab) → [B, T, hidden] float32: rows of embed_tokens,
// multiplied by √hidden.
torch::Tensor EmbedTokens(const torch::Tensor& ids, const TextModel& model);

// The streams after the last layer, [B, T, hidden] each, merged and normed: [B, T, hidden] float32.
torch::Tensor HeadInput(const TextModel& model, const AltUpStreams& streams);
// [B, T, hidden], as HeadInput returns it → float32 logits [B, T, vocab], soft-capped.
torch::Tensor HeadLogits(const TextModel& model, const torch::Tensor& hidden);

// embeds is [B, T, hidden] float32, of tokens or of images and audio in their places; `rows` are those of all
// T tokens.  Without a cache this is one full pass from position 0.  With one it continues at kv->length(),
// in pieces of kv->chunk(), without gradient.  Returns float32 logits [B, T, vocab] (kAll), [B, 1, vocab]
// (kLast), or an undefined tensor (kNone).  Throws RunError when the cache has no room or another batch size.
torch::Tensor TextForward(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows,
                          KvCache* kv, LogitsWanted wanted);

// The input of the head: the merged and normed streams [B, T, hidden] of one full pass without a cache, with
// gradients if they are enabled.
torch::Tensor TextHidden(const TextModel& model, const torch::Tensor& embeds, const PleRows& rows);

}  // namespace plelab
