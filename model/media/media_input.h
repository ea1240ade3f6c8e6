// From files to what the towers read.
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
  bool truncate = false;            // cut clips that are longer than the model hears, instead of an error
  MediaCount count() const {
    return {static_cast<int64_t>(images.size()), static_cast<int64_t>(audio.size())};
  }
};

// Undefined where there is none.
struct MediaInput {
  torch::Tensor pixels;    // [images, 3, height, width] float32 in [0, 1]
  torch::Tensor mel;       // [clips, frames, bins] float32; shorter clips end in masked frames
  torch::Tensor mel_mask;  // [clips, frames] bool, true: no frame
};

// Sizes and the extractor's parameters come from the checkpoint's preprocessor_config.json.  Throws UserError
// naming the file for one that cannot be read as what it is, and for media that the checkpoint has no tower
// for.
MediaInput ReadMedia(const MediaFiles& files, const Checkpoint& checkpoint);

// As ReadMedia, for a model that may have no checkpoint yet.  `folder` holds preprocessor_config.json, and
// errors call the model by it.
MediaInput ReadMediaFiles(const MediaFiles& files, const Gemma3nConfig& config, const std::string& folder);

}  // namespace plelab
