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

}  // namespace plelab
