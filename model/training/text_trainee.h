// A text model in training: its weights, and which of its layers have per-layer embeddings.
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

// Which layers receive a PLE row, and from which table.
enum class PlePlacement {
  kAll,         // as in the reference
  kNone,        // no layer has the branch: neither table nor gates nor projections are trained
  kFirstThird,  // the first ⌈layers / 3⌉ layers
  kLastThird,   // the last ⌈layers / 3⌉ layers
  kShared,      // all layers, with one table [vocab_ple, ple_dim] for all of them
};

struct TextTrainee {
  Gemma3nConfig config;
  LayerList layers;  // of the config, with kNoPle where the placement has no PLE
  bool shared_table = false;
  // float32; products are in bfloat16 when the format says so.  Tensors that nothing reads are undefined.
  TextWeights weights;

  const TextConfig& text() const { return config.text; }
};

// Initial weights as a function of (config, placement, seed).  Norms and scales are 1, correct_output_scale
// included (with the reference's 0 the PLE branch would learn nothing); matrices are drawn by RandomTensor;
// row 0 of the embedding tables is 0.  Linear maps round to `products`, kFloat32 or kBFloat16, while the
// weights stay float32.  Throws UserError for a placement in thirds with fewer than three layers, and for
// another dtype.
TextTrainee MakeTrainee(const Gemma3nConfig& config, PlePlacement placement, uint64_t seed, DType products);

struct TrainedTensor {
  TensorSpec spec;
  torch::Tensor values;
};
// Every tensor that the trainee reads, in the order of the published list.  They share the weights' memory.
std::vector<TrainedTensor> TrainedTensors(TextTrainee& trainee);

// Σ −ln p(target) over inputs [B, T] and targets [B, T] (kNotScored is not counted), a float32 scalar with
// gradient.
torch::Tensor TrainingLoss(const TextTrainee& trainee, const torch::Tensor& inputs,
                           const torch::Tensor& targets);
// −ln p of each target [B, T], with the head's products in float32.  No gradient.
torch::Tensor TargetNats(const TextTrainee& trainee, const torch::Tensor& inputs,
                         const torch::Tensor& targets);

// All tensors of a published checkpoint except unused k/v, in `dtype`.  Where the trainee has no PLE, the
// branch's projection is zero, so that it adds exactly nothing.  A shared table is repeated for each layer.
std::vector<TrainedTensor> PublishedWeights(const TextTrainee& trainee, DType dtype);

}  // namespace plelab
