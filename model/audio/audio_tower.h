// The audio encoder (Universal Speech Model): mel frames → soft tokens, before the embedder.
#pragma once

#include <torch/types.h>

#include "model/catalog/audio_weights.h"

namespace plelab {

struct AudioEncoding {
  torch::Tensor features;  // [B, frames, hidden] float32, on the weights' device; zero where masked
  torch::Tensor mask;      // [B, frames] bool on the CPU, true where there is no frame
};

// mel [B, T, bins] float32 and mask [B, T] bool, true where there is no frame (the encoder's sense in the
// reference; its feature extractor's is the opposite).  frames = T over the strides of both convolutions and
// conf_reduction_factor, each rounded up: 188 from 30 s.  Any T ≥ 1, any B ≥ 1.  Gradient flows to mel and
// weights.  Throws RunError naming the shape that does not fit.
// Reference: transformers Gemma3nAudioEncoder.
AudioEncoding EncodeAudio(const torch::Tensor& mel, const torch::Tensor& mask, const AudioWeights& w,
                          const AudioConfig& config);

// From mel frames to the conformer's input by two strided convolutions over time and frequency and a
// projection: mel [B, T, bins] float32 → [B, T', hidden] float32, T' = ⌈⌈T / stride₀⌉ / stride₁⌉. Reference:
// Gemma3nAudioSubSampleConvProjection.
torch::Tensor SubsampleAudio(const torch::Tensor& mel, const SubsamplingWeights& w, const AudioConfig& c);

// The mask [B, T] of the frames that each of `frames` outputs starts at: [B, frames].
torch::Tensor SubsampleMask(const torch::Tensor& mask, int64_t frames, const AudioConfig& c);

}  // namespace plelab
