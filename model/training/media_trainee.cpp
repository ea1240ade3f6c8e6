#include "model/training/media_trainee.h"

#include <utility>

#include "model/base/error.h"
#include "model/catalog/audio_weight_list.h"
#include "model/catalog/text_weight_list.h"
#include "model/catalog/vision_weight_list.h"
#include "model/gemma3n/input_embedder.h"
#include "model/gemma3n/media_encoder.h"
#include "model/text/text_model.h"
#include "model/training/head_loss.h"
#include "model/training/trainee_weights.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

// Scale of each block's own contribution relative to its skip connection, so that 81 consecutive blocks begin
// close to the identity. timm uses 1e-5, which a short run would hardly move away from.
constexpr double kLayerScale = 0.01;

// The first block of a stage changes the shape and has no skip connection.  Scaled like the others, it would
// make the stream as small as what each later block adds, and those blocks would no longer be close to the
// identity.
bool OpensStage(const TensorSpec& spec) { return spec.name.ends_with(".0.layer_scale.gamma"); }

// Calls f(spec, field) for every tensor of the towers and embedders.
template <class F>
void ForEachMediaTensor(MediaTrainee& trainee, F f) {
  const Gemma3nConfig& config = trainee.config();
  if (config.vision) {
    ForEachTensor(MakeVisionArchitecture(*config.vision), trainee.vision, f);
    ForEachTensor(VisionEmbedderShape(config), trainee.vision_embedder, f);
  }
  if (config.audio) {
    ForEachTensor(*config.audio, trainee.audio, f);
    ForEachTensor(AudioEmbedderShape(config), trainee.audio_embedder, f);
  }
}

torch::Tensor Initial(const TensorSpec& spec, uint64_t seed) {
  if (spec.name.ends_with(".bias") || spec.name.ends_with("per_dim_scale")) return torch::zeros(spec.shape);
  if (spec.name.ends_with("layer_scale.gamma")) {
    return torch::full(spec.shape, OpensStage(spec) ? 1.0 : kLayerScale);
  }
  return InitialValues(spec, seed);
}

// Pixels are in 0 … 1 and RmsNorm does not subtract the mean, so the brightness that all images share would
// outweigh what distinguishes them.  The stem therefore starts with mid-grey mapped to 0.  Without that,
// accuracy on five drawn shapes was still at chance after hundreds of images.
void CentreOnGrey(ConvNormWeights& stem) {
  const at::NoGradGuard no_grad;
  stem.bias.copy_(-0.5 * stem.conv.sum({1, 2, 3}));
}

void CheckText(const TextTrainee& text) {
  if (!text.config.vision && !text.config.audio) {
    throw UserError("media training needs a shape with a vision or an audio tower, found a text-only one");
  }
  if (!text.weights.embed_tokens_per_layer.defined() || text.shared_table) {
    throw UserError(
        "media training needs 'ple: all', 'first_third' or 'last_third': a PLE table whose row 0 soft tokens "
        "read");
  }
}

PleRows RowsOf(const MediaTrainee& trainee, const torch::Tensor& ids) {
  const torch::Tensor& table = trainee.text.weights.embed_tokens_per_layer;
  const torch::Tensor rest = table.narrow(0, 1, table.size(0) - 1);
  return PleRows::FromTable(torch::cat({trainee.row_zero, rest}), ids,
                            trainee.text.text().hidden_size_per_layer_input, /*padding_idx=*/-1);
}

SoftTokens Encode(const MediaTrainee& trainee, const MediaInput& media) {
  const Gemma3nConfig& config = trainee.config();
  SoftTokens soft;
  if (media.pixels.defined()) {
    soft.image = EmbedImages(media.pixels, trainee.vision, trainee.vision_embedder, config.vision.value())
                     .flatten(0, 1);
  }
  if (media.mel.defined()) {
    soft.audio =
        EmbedClips(media.mel, media.mel_mask, trainee.audio, trainee.audio_embedder, config).flatten(0, 1);
  }
  return soft;
}

}  // namespace

MediaTrainee MakeMediaTrainee(TextTrainee text, const MediaTraineeOptions& options) {
  CheckText(text);
  MediaTrainee trainee{std::move(text), options};
  const Gemma3nConfig& config = trainee.config();
  if (config.vision) trainee.vision = EmptyVisionWeights(MakeVisionArchitecture(*config.vision));
  if (config.audio) trainee.audio = EmptyAudioWeights(*config.audio);
  ForEachMediaTensor(trainee, [&](const TensorSpec& spec, auto& field) {
    ValuesOf(field) = Initial(spec, options.seed).requires_grad_(true);
    DescribeTrained(field, spec, options.products);
  });
  if (config.vision) CentreOnGrey(trainee.vision.conv_stem);
  for (TrainedTensor& tensor : TrainedTensors(trainee.text)) tensor.values.requires_grad_(options.train_text);
  const torch::Tensor& table = trainee.text.weights.embed_tokens_per_layer;
  trainee.row_zero = table.detach().narrow(0, kPaddingRow, 1).clone().requires_grad_(options.learn_row_zero);
  return trainee;
}

std::vector<TrainedTensor> MediaTensors(MediaTrainee& trainee) {
  std::vector<TrainedTensor> tensors;
  ForEachMediaTensor(trainee, [&](const TensorSpec& spec, auto& field) {
    tensors.push_back({spec, ValuesOf(field)});
  });
  if (!trainee.options.learn_row_zero) return tensors;
  const std::string name = TextPrefix(trainee.config()) + "embed_tokens_per_layer.weight";
  tensors.push_back(
      {MakeSpec(name, trainee.row_zero.sizes().vec(), ParameterGroup::kPleTable), trainee.row_zero});
  return tensors;
}

torch::Tensor MediaLoss(const MediaTrainee& trainee, const MediaBatch& batch) {
  const TextTrainee& text = trainee.text;
  const TextModel model{text.text(), text.weights, text.layers, kPaddingRow, trainee.options.train_text};
  InputEmbedder embedder([&] { return trainee.vision_embedder; }, [&] { return trainee.audio_embedder; });
  const torch::Tensor embeds =
      embedder.Embed(batch.inputs, model, trainee.config(), Encode(trainee, batch.media));
  const torch::Tensor hidden = TextHidden(model, embeds, RowsOf(trainee, batch.inputs)).flatten(0, 1);
  // Few positions are scored, so only these go through the head.
  const torch::Tensor targets = batch.targets.flatten();
  const torch::Tensor scored = targets.ne(kNotScored).nonzero().flatten();
  return HeadLoss(hidden.index_select(0, scored), text.weights.head(), text.text().final_logit_softcapping,
                  targets.index_select(0, scored));
}

std::vector<TrainedTensor> PublishedWeights(const MediaTrainee& trainee, DType dtype) {
  const at::NoGradGuard no_grad;
  std::vector<TrainedTensor> tensors = PublishedWeights(trainee.text, dtype);
  for (TrainedTensor& tensor : tensors) {
    if (tensor.spec.group != ParameterGroup::kPleTable) continue;
    tensor.values = tensor.values.clone();  // may be the trainee's own tensor
    tensor.values.narrow(0, kPaddingRow, 1).copy_(trainee.row_zero);
  }
  MediaTrainee same = trainee;  // shares the tensors
  ForEachMediaTensor(same, [&](const TensorSpec& spec, auto& field) {
    tensors.push_back({spec, ValuesOf(field).detach().to(TorchType(dtype)).contiguous()});
  });
  return tensors;
}

}  // namespace plelab
