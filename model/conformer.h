// One block of the audio tower: half a feed-forward, local attention, a light convolution, another half.
#pragma once

#include <torch/types.h>

#include "model/audio_attention.h"
#include "model/audio_weights.h"

namespace plelab {

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
