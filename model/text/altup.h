// AltUp (alternating updates): n residual streams, of which each layer computes one and predicts the others.
// A stream is [B, T, hidden] float32.  Reference: Gemma3nTextAltUp; there the router, coefficients and
// streams have the model's dtype, here they are float32.
#pragma once

#include <torch/types.h>

#include <vector>

#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"

namespace plelab {

using AltUpStreams = std::vector<torch::Tensor>;

// embeds [B, T, hidden] float32 → streams: the embedding itself and its n − 1 projections, scaled to the
// embedding's magnitude.
AltUpStreams AltUpExpand(const torch::Tensor& embeds, const std::vector<LinearWeight>& projections);

// Predicts what the layer leaves in each stream from all streams, with coefficients computed from the active
// one.
AltUpStreams AltUpPredict(const AltUpStreams& streams, const AltUpWeights& w, const TextConfig& c);

// Corrects the predictions by what the layer made of the active stream: activated is [B, T, hidden].  If
// `training`, correction coefficients are clamped to ±altup_coef_clip, which the reference does in training
// mode only.
AltUpStreams AltUpCorrect(const AltUpStreams& predictions, const torch::Tensor& activated,
                          const AltUpWeights& w, const TextConfig& c, bool training);

// The same as FusedMixStreams and FusedAddInnovation (model/ops/fused_ops.h), composed of ATen operations, on
// any device.
AltUpStreams MixStreamsUnfused(const AltUpStreams& streams, const torch::Tensor& coefs);
AltUpStreams AddInnovationUnfused(const AltUpStreams& predictions, const torch::Tensor& activated,
                                  const torch::Tensor& coefs, int64_t active);

// streams → [B, T, hidden]: the mean of stream 0 and the unembedded other streams, which are scaled to the
// magnitude of stream 0.
torch::Tensor AltUpMerge(const AltUpStreams& streams, const std::vector<LinearWeight>& unembed_projections);

// The in-place half of the reference's clipping in training mode: clamps the prediction coefficients of every
// layer, outside autograd.
void ClampPredictionCoefs(const TextWeights& w, const TextConfig& c);

}  // namespace plelab
