// AltUp (alternating updates): n residual streams, of which one is computed per layer and the others
// predicted. A stream is [B, T, hidden] float32; there are n of them.  Reference: Gemma3nTextAltUp; router,
// coefficients and streams are float32 here, in the model's dtype there.
#pragma once

#include <torch/types.h>

#include <vector>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"

namespace plelab {

using AltUpStreams = std::vector<torch::Tensor>;

// embeds [B, T, hidden] float32 → streams: the embedding and its n − 1 projections, scaled to the embedding's
// magnitude.
AltUpStreams AltUpExpand(const torch::Tensor& embeds, const std::vector<LinearWeight>& projections);

// What the layer would leave in each stream, guessed from all of them by coefficients that the active one
// chooses.
AltUpStreams AltUpPredict(const AltUpStreams& streams, const AltUpWeights& w, const TextConfig& c);

// The predictions moved by what the layer made of the active stream: activated [B, T, hidden].
// training: correction coefficients clamped to ± altup_coef_clip, as the reference does in training mode
// only.
AltUpStreams AltUpCorrect(const AltUpStreams& predictions, const torch::Tensor& activated,
                          const AltUpWeights& w, const TextConfig& c, bool training);

// What FusedMixStreams and FusedAddInnovation do (model/fused_ops.h), in ATen's operations, on any device.
AltUpStreams MixStreamsUnfused(const AltUpStreams& streams, const torch::Tensor& coefs);
AltUpStreams AddInnovationUnfused(const AltUpStreams& predictions, const torch::Tensor& activated,
                                  const torch::Tensor& coefs, int64_t active);

// streams → [B, T, hidden]: the mean of stream 0 and the unembedded others, scaled to stream 0's magnitude.
torch::Tensor AltUpMerge(const AltUpStreams& streams, const std::vector<LinearWeight>& unembed_projections);

// The in-place half of the reference's training-mode clip: prediction coefficients of every layer, outside
// autograd.
void ClampPredictionCoefs(const TextWeights& w, const TextConfig& c);

}  // namespace plelab
