// From images and audio clips to the text model's space: the towers and the embedders behind them.
#pragma once

#include <torch/types.h>

#include <memory>
#include <optional>

#include "model/audio/audio_tower.h"
#include "model/catalog/load_weights.h"
#include "model/checkpoint/checkpoint.h"
#include "model/gemma3n/input_embedder.h"
#include "model/vision/vision_tower.h"

namespace plelab {

// pixels [n, 3, h, w] float32 in [0, 1] → [n, soft tokens, hidden] float32.  Gradient flows to the weights.
// Reference: Gemma3nModel.get_image_features.
torch::Tensor EmbedImages(const torch::Tensor& pixels, const VisionWeights& tower,
                          const EmbedderWeights& joint, const VisionConfig& config);
// mel [n, frames, bins] and mask [n, frames] (true where there is no frame) → [n, places, hidden] float32,
// with as many places as the config says.  Masked frames and the places after the last frame receive the
// embedding of the last entry of the audio vocabulary.  Gradient flows to the weights.  Throws UserError for
// a clip with more frames than places.  REQUIRES config.audio.  Reference: Gemma3nModel.forward.
torch::Tensor EmbedClips(const torch::Tensor& mel, const torch::Tensor& mask, const AudioWeights& tower,
                         const EmbedderWeights& joint, const Gemma3nConfig& config);

// Holds the two towers and loads each on first use.  The embedders belong to the InputEmbedder.
class MediaEncoder {
 public:
  MediaEncoder(std::shared_ptr<const Checkpoint> checkpoint, const LoadOptions& options);

  // As EmbedImages and EmbedClips.  Throws UserError when the checkpoint has no such tower.
  torch::Tensor Images(const torch::Tensor& pixels, InputEmbedder& embedder);
  torch::Tensor Clips(const torch::Tensor& mel, const torch::Tensor& mask, InputEmbedder& embedder);

  const VisionWeights& vision();
  const AudioWeights& audio();
  void ReleaseVision() { vision_.reset(); }
  void ReleaseAudio() { audio_.reset(); }
  int64_t vision_bytes() const;  // 0 until loaded
  int64_t audio_bytes() const;

 private:
  std::shared_ptr<const Checkpoint> checkpoint_;
  LoadOptions options_;
  std::optional<VisionWeights> vision_;
  std::optional<AudioWeights> audio_;
};

}  // namespace plelab
