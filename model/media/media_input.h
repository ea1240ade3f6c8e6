// From image and audio files to the inputs of the towers.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/tokens/media_prompt.h"

namespace plelab {

struct MediaFiles {
  std::vector<std::string> images;  // PNG or JPEG
  std::vector<std::string> audio;   // WAV, FLAC, OGG
  bool truncate = false;            // cut clips that are longer than the model can hear, instead of failing
  MediaCount count() const {
    return {static_cast<int64_t>(images.size()), static_cast<int64_t>(audio.size())};
  }
};

// A tensor is undefined when there are no files of its kind.
struct MediaInput {
  torch::Tensor pixels;    // [images, 3, height, width] float32 in [0, 1]
  torch::Tensor mel;       // [clips, frames, bins] float32; shorter clips end in masked frames
  torch::Tensor mel_mask;  // [clips, frames] bool, true where there is no frame
};

// Sizes and parameters come from the checkpoint's preprocessor_config.json.  Throws UserError naming the file
// when it cannot be read as an image or as audio, and for media that the checkpoint has no tower for.
MediaInput ReadMedia(const MediaFiles& files, const Checkpoint& checkpoint);

// Like ReadMedia, for a model that may not have a checkpoint yet.  `folder` holds preprocessor_config.json;
// error messages name the model by it.
MediaInput ReadMediaFiles(const MediaFiles& files, const Gemma3nConfig& config, const std::string& folder);

}  // namespace plelab
