// From mel frames to the conformer's input: two strided convolutions over time and frequency, and a
// projection.
#pragma once

#include <torch/types.h>

#include "model/audio_weights.h"

namespace plelab {

// mel [B, T, bins] float32 → [B, T', hidden] float32, T' = ⌈⌈T / stride₀⌉ / stride₁⌉.
// Reference: Gemma3nAudioSubSampleConvProjection.
torch::Tensor SubsampleAudio(const torch::Tensor& mel, const SubsamplingWeights& w, const AudioConfig& c);

// The mask [B, T] of the frames that each of `frames` outputs starts at: [B, frames].
torch::Tensor SubsampleMask(const torch::Tensor& mask, int64_t frames, const AudioConfig& c);

// x [B, T, ·] normed at each time by the mean and the spread of all that came until then.  The spread is the
// reference's: the mean of squared distances, each from the mean as it stood at its own time.
// Reference: Gemma3nAudioCumulativeGroupNorm.
torch::Tensor CumulativeNorm(const torch::Tensor& x, double eps);

}  // namespace plelab
