// AltUp (alternating updates): n residual streams, of which one is computed per layer and the others
// predicted. Streams are [n, B, T, hidden] float32.  Reference: Gemma3nTextAltUp; router, coefficients and
// streams are float32 here, in the model's dtype there.
#pragma once

#include <torch/types.h>

#include <vector>

#include "model/config.h"
#include "model/weights.h"

namespace plelab {

// embeds [B, T, hidden] float32 → streams: the embedding and its n − 1 projections, scaled to the embedding's
// magnitude.
torch::Tensor AltUpExpand(const torch::Tensor& embeds, const std::vector<LinearWeight>& projections);

// What the layer would leave in each stream, guessed from all of them by coefficients that the active one
// chooses.
torch::Tensor AltUpPredict(const torch::Tensor& streams, const AltUpWeights& w, const TextConfig& c);

// The predictions moved by what the layer made of the active stream: activated [B, T, hidden].
// training: correction coefficients clamped to ± altup_coef_clip, as the reference does in training mode
// only.
torch::Tensor AltUpCorrect(const torch::Tensor& predictions, const torch::Tensor& activated,
                           const AltUpWeights& w, const TextConfig& c, bool training);

// streams → [B, T, hidden]: the mean of stream 0 and the unembedded others, scaled to stream 0's magnitude.
torch::Tensor AltUpMerge(const torch::Tensor& streams, const std::vector<LinearWeight>& unembed_projections);

// The in-place half of the reference's training-mode clip: prediction coefficients of every layer, outside
// autograd.
void ClampPredictionCoefs(const TextWeights& w, const TextConfig& c);

}  // namespace plelab
