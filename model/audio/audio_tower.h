// The audio encoder (Universal Speech Model): from mel frames to soft tokens, before the embedder.
#pragma once

#include <torch/types.h>

#include "model/catalog/audio_weights.h"

namespace plelab {

struct AudioEncoding {
  torch::Tensor features;  // [B, frames, hidden] float32, on the weights' device; zero where masked
  torch::Tensor mask;      // [B, frames] bool on the CPU, true where there is no frame
};

// mel [B, T, bins] float32 and mask [B, T] bool, true where there is no frame (as in the reference's encoder;
// its feature extractor uses the opposite sense).  The number of output frames is T divided by the strides of
// both convolutions and by conf_reduction_factor, rounded up each time: 188 for 30 s.  Any T ≥ 1 and B ≥ 1.
// Gradient flows to mel and weights.  Throws RunError naming the shape that does not fit.  Reference:
// transformers Gemma3nAudioEncoder.
AudioEncoding EncodeAudio(const torch::Tensor& mel, const torch::Tensor& mask, const AudioWeights& w,
                          const AudioConfig& config);

// Two strided convolutions over time and frequency and a projection make the conformer's input: mel [B, T,
// bins] float32 → [B, T', hidden] float32 with T' = ⌈⌈T / stride₀⌉ / stride₁⌉. Reference:
// Gemma3nAudioSubSampleConvProjection.
torch::Tensor SubsampleAudio(const torch::Tensor& mel, const SubsamplingWeights& w, const AudioConfig& c);

// mask [B, T] → [B, frames]: the mask of the input frame at which each output frame starts.
torch::Tensor SubsampleMask(const torch::Tensor& mask, int64_t frames, const AudioConfig& c);

}  // namespace plelab
