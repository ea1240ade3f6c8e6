// From a checkpoint to weights: verifies what each tower needs, then reads it into one huge-page arena.
#pragma once

#include <functional>

#include "model/catalog/audio_weights.h"
#include "model/catalog/text_weights.h"
#include "model/catalog/vision_weights.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/tensor_spec.h"
#include "model/weights/weight_loader.h"

namespace plelab {

// Reads the text stack, except for the PLE table and k/v of KV-sharing layers.  The tensors lie in one
// huge-page arena, aligned to 64 bytes.  Values are converted while they are read, so the checkpoint is never
// held twice.  Throws UserError listing at once every tensor that is missing, extra, or of the wrong shape.
TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options);
// Reads only the tensors for which `is_wanted` holds; the others stay undefined.
TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options,
                            const std::function<bool(const TensorSpec&)>& is_wanted);
// Each embedder is loaded on first use.
EmbedderWeights LoadVisionEmbedder(const Checkpoint& checkpoint, const LoadOptions& options);
EmbedderWeights LoadAudioEmbedder(const Checkpoint& checkpoint, const LoadOptions& options);

// Reads the tower into an arena of its own.  Throws UserError when the checkpoint has no vision tower, and
// otherwise lists at once every tensor that does not fit.
VisionWeights LoadVisionTower(const Checkpoint& checkpoint, const LoadOptions& options);
// Reads the tower into an arena of its own.  Throws UserError when the checkpoint has no audio tower, and
// otherwise lists at once every tensor that does not fit.
AudioWeights LoadAudioTower(const Checkpoint& checkpoint, const LoadOptions& options);

}  // namespace plelab
