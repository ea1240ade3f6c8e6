// A multimodal model that is being trained: towers and embedders before a text model.
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
  bool train_text = false;      // false: the text model stays as it is, its row 0 excepted
  bool learn_row_zero = false;  // soft tokens read row 0 of the PLE table: learn it, or leave it at 0
  uint64_t seed = 0;
  DType products = DType::kFloat32;  // what linear maps of the audio tower and of both embedders round to
};

struct MediaTrainee {
  TextTrainee text;
  MediaTraineeOptions options;
  torch::Tensor row_zero = {};  // [1, layers · ple_dim] float32, in place of the table's own
  // float32; empty where the config has no such modality.
  VisionWeights vision = {};
  AudioWeights audio = {};
  EmbedderWeights vision_embedder = {}, audio_embedder = {};

  const Gemma3nConfig& config() const { return text.config; }
};

// `text` keeps its weights (model/trained_checkpoint.h: StartFrom) and must have a table of its own for each
// layer.  Towers and embedders are a function of (config, seed): norms 1, biases and the audio attention's
// scales 0, layer scales small except where a stage opens, matrices as RandomTensor draws them.  Throws
// UserError for a text-only config and for a PLE placement without such a table.
MediaTrainee MakeMediaTrainee(TextTrainee text, const MediaTraineeOptions& options);

// What is trained beside the text model: towers, embedders, row zero where it is learned (named as the
// table).
std::vector<TrainedTensor> MediaTensors(MediaTrainee& trainee);

// Documents that show the same kinds of media, bos first, padded at the end.
struct MediaBatch {
  torch::Tensor inputs;   // [B, T] int64, placeholders included
  torch::Tensor targets;  // [B, T]; kNotScored where nothing is to be learned
  MediaInput media = {};  // of all documents, in order
};
// Σ −ln p(target), a float32 scalar with gradient.  Throws as EmbedClips.
torch::Tensor MediaLoss(const MediaTrainee& trainee, const MediaBatch& batch);

// All that a published checkpoint of the config must hold, in `dtype`.
std::vector<TrainedTensor> PublishedWeights(const MediaTrainee& trainee, DType dtype);

}  // namespace plelab
