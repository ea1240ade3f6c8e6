// A text model that is being trained: its weights, and where it has per-layer embeddings.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/base/dtype.h"
#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"
#include "model/checkpoint/tensor_spec.h"
#include "model/text/layer_list.h"

namespace plelab {

// Which layers receive a row, and of which table.
enum class PlePlacement {
  kAll,         // as the reference
  kNone,        // no layer has the branch: neither table nor gates nor projections are trained
  kFirstThird,  // ⌈layers / 3⌉ at the bottom …
  kLastThird,   // … or at the top
  kShared,      // all layers, one table [vocab_ple, ple_dim] for all of them
};

struct TextTrainee {
  Gemma3nConfig config;
  LayerList layers;  // of the config, kNoPle where the placement has none
  bool shared_table = false;
  // float32; products in bfloat16 where the format says so.  Undefined where nothing reads a tensor.
  TextWeights weights;

  const TextConfig& text() const { return config.text; }
};

// Weights to start from, a function of (config, placement, seed): norms and scales 1, correct_output_scale
// too (at the reference's 0 the PLE branch would learn nothing), matrices as RandomTensor draws them, row 0
// of the embedding tables 0.  products: kFloat32 or kBFloat16, what linear maps round to; the weights stay
// float32. Throws UserError for a config with fewer than three layers and a placement in thirds, or another
// dtype.
TextTrainee MakeTrainee(const Gemma3nConfig& config, PlePlacement placement, uint64_t seed, DType products);

struct TrainedTensor {
  TensorSpec spec;
  torch::Tensor values;
};
// Every tensor that the trainee reads, in the order of the published list; they share the weights' memory.
std::vector<TrainedTensor> TrainedTensors(TextTrainee& trainee);

// Σ −ln p(target) of inputs [B, T], targets [B, T] (kNotScored: not counted), a float32 scalar with gradient.
torch::Tensor TrainingLoss(const TextTrainee& trainee, const torch::Tensor& inputs,
                           const torch::Tensor& targets);
// −ln p of each target [B, T], products of the head in float32.  No gradient.
torch::Tensor TargetNats(const TextTrainee& trainee, const torch::Tensor& inputs,
                         const torch::Tensor& targets);

// All that a published checkpoint must hold, unused k/v left out, in `dtype`: where the trainee has no PLE,
// the branch's projection is zero, so that it adds exactly nothing; a shared table is repeated for each
// layer.
std::vector<TrainedTensor> PublishedWeights(const TextTrainee& trainee, DType dtype);

}  // namespace plelab
