// A multimodal model in training: towers and embedders in front of a text model.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/catalog/audio_weights.h"
#include "model/catalog/vision_weights.h"
#include "model/media/media_input.h"
#include "model/training/text_trainee.h"

namespace plelab {

struct MediaTraineeOptions {
  bool train_text = false;      // false: the text model stays as it is, except for row 0 of its PLE table
  bool learn_row_zero = false;  // row 0 of the PLE table, which soft tokens read: learn it, or leave it at 0
  uint64_t seed = 0;
  // What linear maps of the audio tower and of both embedders round to.
  DType products = DType::kFloat32;
};

struct MediaTrainee {
  TextTrainee text;
  MediaTraineeOptions options;
  torch::Tensor row_zero = {};  // [1, layers · ple_dim] float32, replaces that row of the table
  // float32; empty when the config lacks the modality.
  VisionWeights vision = {};
  AudioWeights audio = {};
  EmbedderWeights vision_embedder = {}, audio_embedder = {};

  const Gemma3nConfig& config() const { return text.config; }
};

// `text` keeps its weights (StartFrom in model/training/trained_checkpoint.h) and must have a PLE table with
// a part for each layer (not a shared one).  Towers and embedders are a function of (config, seed): norms are
// 1, biases and the audio attention's scales 0, layer scales small except in the first block of a stage, and
// matrices drawn by RandomTensor.  Throws UserError for a text-only config and for a PLE placement without
// such a table.
MediaTrainee MakeMediaTrainee(TextTrainee text, const MediaTraineeOptions& options);

// What is trained beside the text model: towers, embedders and, if it is learned, row zero (under the table's
// name).
std::vector<TrainedTensor> MediaTensors(MediaTrainee& trainee);

// Documents with the same kinds of media.  Each begins with bos and is padded at the end.
struct MediaBatch {
  torch::Tensor inputs;   // [B, T] int64, placeholders included
  torch::Tensor targets;  // [B, T]; kNotScored where nothing is to be learned
  MediaInput media = {};  // of all documents, in their order
};
// Σ −ln p(target), a float32 scalar with gradient.  Throws as EmbedClips does.
torch::Tensor MediaLoss(const MediaTrainee& trainee, const MediaBatch& batch);

// All tensors of a published checkpoint of the config, in `dtype`.
std::vector<TrainedTensor> PublishedWeights(const MediaTrainee& trainee, DType dtype);

}  // namespace plelab
