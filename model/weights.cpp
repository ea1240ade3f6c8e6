#include "model/weights.h"

#include "model/io/error.h"
#include "model/weight_lists.h"
#include "model/weight_loader.h"

namespace plelab {
namespace {

// Text works without them.
const std::set<ParameterGroup> kTowers = {ParameterGroup::kVisionTower, ParameterGroup::kAudioTower};

EmbedderWeights LoadEmbedder(const Checkpoint& checkpoint, const LoadOptions& options,
                             const EmbedderShape& shape) {
  EmbedderWeights weights;
  LoadTensors(checkpoint, options, kTowers, [&](auto add) { ForEachTensor(shape, weights, add); });
  return weights;
}

}  // namespace

// Sparse layers keep down_proj transposed: the few active activations each read one contiguous run of it.
TextWeights EmptyTextWeights(const TextConfig& config) {
  TextWeights weights;
  weights.altup_projections.resize(config.altup_num_inputs - 1);
  weights.altup_unembed_projections.resize(config.altup_num_inputs - 1);
  weights.layers.resize(config.num_hidden_layers);
  for (int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const bool sparse = config.activation_sparsity_pattern[layer] > 0;
    weights.layers[layer].mlp.down_proj.layout = sparse ? WeightLayout::kTransposed : WeightLayout::kRowMajor;
  }
  return weights;
}

EmbedderShape VisionEmbedderShape(const Gemma3nConfig& config) {
  return {"model.embed_vision.", ParameterGroup::kVisionEmbedder, config.vision.value().vocab_size,
          config.vision->hidden_size, config.text.hidden_size};
}

EmbedderShape AudioEmbedderShape(const Gemma3nConfig& config) {
  return {"model.embed_audio.", ParameterGroup::kAudioEmbedder, config.audio.value().vocab_size,
          config.audio->hidden_size, config.text.hidden_size};
}

TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options) {
  return LoadTextWeights(checkpoint, options, [&](const TensorSpec& spec) {  // what inference leaves alone
    return spec.group != ParameterGroup::kUnusedKv &&
           (options.ple_table || spec.group != ParameterGroup::kPleTable);
  });
}

TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options,
                            const std::function<bool(const TensorSpec&)>& is_wanted) {
  const Gemma3nConfig& config = checkpoint.config();
  TextWeights weights = EmptyTextWeights(config.text);
  LoadTensors(checkpoint, options, kTowers, [&](auto add) {
    ForEachTensor(TextPrefix(config), config.text, weights, [&](const TensorSpec& spec, auto& field) {
      if (is_wanted(spec)) add(spec, field);
    });
  });
  return weights;
}

EmbedderWeights LoadVisionEmbedder(const Checkpoint& checkpoint, const LoadOptions& options) {
  if (!checkpoint.config().vision)
    throw UserError("{}: a text-only checkpoint has no vision embedder", checkpoint.directory());
  return LoadEmbedder(checkpoint, options, VisionEmbedderShape(checkpoint.config()));
}

EmbedderWeights LoadAudioEmbedder(const Checkpoint& checkpoint, const LoadOptions& options) {
  if (!checkpoint.config().audio)
    throw UserError("{}: a text-only checkpoint has no audio embedder", checkpoint.directory());
  return LoadEmbedder(checkpoint, options, AudioEmbedderShape(checkpoint.config()));
}

}  // namespace plelab
