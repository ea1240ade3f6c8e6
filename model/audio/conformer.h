// One block of the audio tower: half a feed-forward, local attention, a light convolution, another half.
#pragma once

#include <torch/types.h>

#include "model/catalog/audio_weights.h"

namespace plelab {

// What the attention of all blocks shares: blocks of queries, each over its own frames and a few on either
// side, with learned scores for the distance.  A chunk of W queries sees W + left + right frames around it,
// each query the `left` before its own, itself, and the `right` after it.
struct LocalContext {
  int64_t frames = 0;           // T
  int64_t chunk = 0;            // W
  int64_t left = 0, right = 0;  // frames that a query sees before and after its own
  int64_t span() const { return left + 1 + right; }
  int64_t width() const { return chunk + left + right; }
  int64_t chunks() const { return (frames + chunk - 1) / chunk; }

  torch::Tensor distances;  // [span, hidden] sines and cosines of left … −right, the frames from key to query
  torch::Tensor hidden;  // [B, 1, chunks, W, width] bool, true where a query must not see a key
};
// mask [B, T] bool, true where there is no frame.
LocalContext MakeLocalContext(const torch::Tensor& mask, const AudioConfig& c);

// x [B, T, hidden], normed → [B, T, hidden], the heads side by side, before the `post` projection.
// Frames that are masked themselves get values that mean nothing.  Reference: Gemma3nAudioAttention.
torch::Tensor LocalAttention(const torch::Tensor& x, const ConformerAttentionWeights& w,
                             const LocalContext& context, const AudioConfig& c);

// All map x [B, T, hidden] float32 to the same shape (or fewer frames), the residual included.

// Reference: Gemma3nAudioConformerFeedForward.
torch::Tensor ConformerFeedForward(const torch::Tensor& x, const ConformerFeedForwardWeights& w,
                                   const AudioConfig& c);
// Reference: Gemma3nAudioConformerAttention.
torch::Tensor ConformerAttention(const torch::Tensor& x, const ConformerAttentionWeights& w,
                                 const LocalContext& context, const AudioConfig& c);
// Causal: frame t depends on frames t − kernel + 1 … t.  Returns every `every`-th frame, from the first on.
// Reference: Gemma3nAudioConformerLightConv1d.
torch::Tensor LightConv(const torch::Tensor& x, const LightConvWeights& w, const AudioConfig& c,
                        int64_t every = 1);

// mask [B, T] bool, true where there is no frame: such frames are zero before the convolution, so that none
// of them reaches a later one.  Returns every `every`-th frame: after the convolution frames no longer meet,
// so those that nobody wants need not be computed.  Reference: Gemma3nAudioConformerBlock.
torch::Tensor ConformerBlock(const torch::Tensor& x, const torch::Tensor& mask,
                             const ConformerBlockWeights& w, const LocalContext& context,
                             const AudioConfig& c, int64_t every = 1);

}  // namespace plelab
