#include "model/training/text_trainee.h"

#include <utility>

#include "model/base/error.h"
#include "model/catalog/text_weight_list.h"
#include "model/text/text_model.h"
#include "model/training/head_loss.h"
#include "model/training/trainee_weights.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

bool HasPle(PlePlacement placement, int64_t layer, int64_t layers) {
  const int64_t third = (layers + 2) / 3;
  switch (placement) {
    case PlePlacement::kAll:
    case PlePlacement::kShared:
      return true;
    case PlePlacement::kNone:
      return false;
    case PlePlacement::kFirstThird:
      return layer < third;
    case PlePlacement::kLastThird:
      return layer >= layers - third;
  }
  throw RunError("PLE placement {} is not known", static_cast<int>(placement));
}

bool AnyPle(const LayerList& layers) {
  for (const LayerSpec& layer : layers) {
    if (layer.ple_slice != kNoPle) return true;
  }
  return false;
}

// True if `field` belongs to the layer's PLE branch.
bool IsOfBranch(const DecoderLayerWeights& layer, const void* field) {
  return field == &layer.altup.correct_output_scale || field == &layer.per_layer_input_gate ||
         field == &layer.per_layer_projection || field == &layer.post_per_layer_input_norm;
}

// True if the trainee reads this field of its weights.
bool IsRead(const TextTrainee& trainee, const TensorSpec& spec, const void* field) {
  if (spec.group == ParameterGroup::kUnusedKv) return false;
  const TextWeights& w = trainee.weights;
  const bool shared_by_layers = field == &w.embed_tokens_per_layer ||
                                field == &w.per_layer_model_projection ||
                                field == &w.per_layer_projection_norm;
  if (shared_by_layers) return AnyPle(trainee.layers);
  for (const LayerSpec& layer : trainee.layers) {
    if (layer.ple_slice == kNoPle && IsOfBranch(w.layers[layer.source_layer], field)) return false;
  }
  return true;
}

// Calls f(spec, field) with the specs of what is trained, in which a shared table is one layer wide.
template <class F>
void ForEachRead(TextTrainee& trainee, F f) {
  ForEachTensor(
      TextPrefix(trainee.config), trainee.text(), trainee.weights, [&](TensorSpec spec, auto& field) {
        if (!IsRead(trainee, spec, &field)) return;
        const bool is_table = static_cast<const void*>(&field) == &trainee.weights.embed_tokens_per_layer;
        if (is_table && trainee.shared_table) spec.shape[1] = trainee.text().hidden_size_per_layer_input;
        f(spec, field);
      });
}

torch::Tensor Hidden(const TextTrainee& trainee, const torch::Tensor& inputs, bool training) {
  const TextConfig& c = trainee.text();
  const TextModel model{c, trainee.weights, trainee.layers, kPaddingRow, training};
  PleRows rows = PleRows::None();
  const torch::Tensor& table = trainee.weights.embed_tokens_per_layer;
  if (table.defined() && trainee.shared_table) {
    rows = PleRows::FromSharedTable(table, inputs, c.num_hidden_layers, kPaddingRow);
  } else if (table.defined()) {
    rows = PleRows::FromTable(table, inputs, c.hidden_size_per_layer_input, kPaddingRow);
  }
  return TextHidden(model, EmbedTokens(inputs, model), rows).flatten(0, 1);
}

}  // namespace

TextTrainee MakeTrainee(const Gemma3nConfig& config, PlePlacement placement, uint64_t seed, DType products) {
  if (products != DType::kFloat32 && products != DType::kBFloat16) {
    throw UserError("dtype {}: expected float32 or bfloat16", Name(products));
  }
  TextTrainee trainee{config, DefaultLayers(config.text), placement == PlePlacement::kShared,
                      EmptyTextWeights(config.text)};
  const int64_t layers = config.text.num_hidden_layers;
  for (LayerSpec& layer : trainee.layers) {
    if (!HasPle(placement, layer.source_layer, layers)) layer.ple_slice = kNoPle;
  }
  ForEachRead(trainee, [&](const TensorSpec& spec, auto& field) {
    ValuesOf(field) = InitialValues(spec, seed).requires_grad_(true);
  });
  // A pass also reads the format of maps that an arm does not train.
  ForEachTensor("", config.text, trainee.weights,
                [&](const TensorSpec& spec, auto& field) { DescribeTrained(field, spec, products); });
  return trainee;
}

std::vector<TrainedTensor> TrainedTensors(TextTrainee& trainee) {
  std::vector<TrainedTensor> tensors;
  ForEachRead(trainee, [&](const TensorSpec& spec, auto& field) {
    tensors.push_back({spec, ValuesOf(field)});
  });
  return tensors;
}

torch::Tensor TrainingLoss(const TextTrainee& trainee, const torch::Tensor& inputs,
                           const torch::Tensor& targets) {
  return HeadLoss(Hidden(trainee, inputs, /*training=*/true), trainee.weights.head(),
                  trainee.text().final_logit_softcapping, targets.flatten());
}

torch::Tensor TargetNats(const TextTrainee& trainee, const torch::Tensor& inputs,
                         const torch::Tensor& targets) {
  const at::NoGradGuard no_grad;
  return HeadNats(Hidden(trainee, inputs, /*training=*/false), trainee.weights.head(),
                  trainee.text().final_logit_softcapping, targets.flatten())
      .view_as(targets);
}

std::vector<TrainedTensor> PublishedWeights(const TextTrainee& trainee, DType dtype) {
  const at::NoGradGuard no_grad;
  const TextConfig& c = trainee.text();
  TextWeights weights = trainee.weights;  // shares the tensors
  std::vector<TrainedTensor> tensors;
  ForEachTensor(TextPrefix(trainee.config), c, weights, [&](const TensorSpec& spec, auto& field) {
    if (spec.group == ParameterGroup::kUnusedKv) return;
    torch::Tensor values = ValuesOf(field);
    // Tensors that are not trained are zero: a zero projection leaves the branch's norm nothing to scale.
    if (!values.defined()) values = torch::zeros(spec.shape);
    if (values.sizes() != spec.shape) values = values.repeat({1, c.num_hidden_layers});
    tensors.push_back({spec, values.detach().to(TorchType(dtype)).contiguous()});
  });
  return tensors;
}

}  // namespace plelab
