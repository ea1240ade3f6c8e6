// From a checkpoint to weights: what each tower needs is verified, then read into one huge-page arena.
#pragma once

#include <functional>

#include "model/catalog/audio_weights.h"
#include "model/catalog/text_weights.h"
#include "model/catalog/vision_weights.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/tensor_spec.h"
#include "model/weights/weight_loader.h"

namespace plelab {

// Reads the text stack (k/v of KV-sharing layers and the PLE table left alone).  Tensors lie in one huge-page
// arena, 64-byte aligned; conversion happens while reading, a checkpoint is never held twice. Throws
// UserError listing at once every tensor that is missing, extra, or of the wrong shape or dtype.
TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options);
// Only the tensors that `is_wanted` names; the others stay undefined.
TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options,
                            const std::function<bool(const TensorSpec&)>& is_wanted);
// The two embedders; loaded on first use.
EmbedderWeights LoadVisionEmbedder(const Checkpoint& checkpoint, const LoadOptions& options);
EmbedderWeights LoadAudioEmbedder(const Checkpoint& checkpoint, const LoadOptions& options);

// Reads the tower into an arena of its own.  Throws UserError when the checkpoint has no vision tower, or
// listing at once every tensor that does not fit.
VisionWeights LoadVisionTower(const Checkpoint& checkpoint, const LoadOptions& options);
// Reads the tower into an arena of its own.  Throws UserError when the checkpoint has no audio tower, or
// listing at once every tensor that does not fit.
AudioWeights LoadAudioTower(const Checkpoint& checkpoint, const LoadOptions& options);

}  // namespace plelab
