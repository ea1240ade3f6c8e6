// One block of the audio tower: half of a feed-forward, local attention, a light convolution, half of another
// feed-forward.
#pragma once

#include <torch/types.h>

#include "model/catalog/audio_weights.h"

namespace plelab {

// What the attention of all blocks shares.  Queries are taken in chunks of W, and each chunk sees W + left +
// right frames around it: each query sees the `left` frames before its own, its own, and the `right` frames
// after it, with learned scores for the distance.
struct LocalContext {
  int64_t frames = 0;           // T
  int64_t chunk = 0;            // W
  int64_t left = 0, right = 0;  // frames that a query sees before and after its own
  int64_t span() const { return left + 1 + right; }
  int64_t width() const { return chunk + left + right; }
  int64_t chunks() const { return (frames + chunk - 1) / chunk; }

  // [span, hidden] sines and cosines of the distances left … −right, counted in frames from key to query.
  torch::Tensor distances;
  // [B, 1, chunks, W, width] bool, true where a query must not see a key.
  torch::Tensor hidden;
};
// mask is [B, T] bool, true where there is no frame.
LocalContext MakeLocalContext(const torch::Tensor& mask, const AudioConfig& c);

// x [B, T, hidden], already normed → [B, T, hidden], heads side by side, before the `post` projection.  The
// values of frames that are themselves masked are meaningless.  Reference: Gemma3nAudioAttention.
torch::Tensor LocalAttention(const torch::Tensor& x, const ConformerAttentionWeights& w,
                             const LocalContext& context, const AudioConfig& c);

// These map x [B, T, hidden] float32 to the same shape (or fewer frames) and include the residual.

// Reference: Gemma3nAudioConformerFeedForward.
torch::Tensor ConformerFeedForward(const torch::Tensor& x, const ConformerFeedForwardWeights& w,
                                   const AudioConfig& c);
// Reference: Gemma3nAudioConformerAttention.
torch::Tensor ConformerAttention(const torch::Tensor& x, const ConformerAttentionWeights& w,
                                 const LocalContext& context, const AudioConfig& c);
// Causal: frame t depends on frames t − kernel + 1 … t.  Returns every `every`-th frame, starting with the
// first.  Reference: Gemma3nAudioConformerLightConv1d.
torch::Tensor LightConv(const torch::Tensor& x, const LightConvWeights& w, const AudioConfig& c,
                        int64_t every = 1);

// mask is [B, T] bool, true where there is no frame.  Such frames are set to zero before the convolution, so
// that none of them reaches a later one.  Returns every `every`-th frame: after the convolution frames no
// longer interact, so those that are not wanted need not be computed.  Reference: Gemma3nAudioConformerBlock.
torch::Tensor ConformerBlock(const torch::Tensor& x, const torch::Tensor& mask,
                             const ConformerBlockWeights& w, const LocalContext& context,
                             const AudioConfig& c, int64_t every = 1);

}  // namespace plelab
