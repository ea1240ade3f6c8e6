#include "model/catalog/load_weights.h"

#include <set>

#include "model/base/error.h"
#include "model/catalog/audio_weight_list.h"
#include "model/catalog/text_weight_list.h"
#include "model/catalog/vision_weight_list.h"
#include "model/catalog/weight_catalog.h"

namespace plelab {
namespace {

// The groups that a checkpoint may lack: text works without them.
const std::set<ParameterGroup> kTowers = {ParameterGroup::kVisionTower, ParameterGroup::kAudioTower};

// Verifies the checkpoint (weight_catalog.h) and reads the tensors that `walk` lists: walk(add) calls
// add(spec, field) for each tensor, as ForEachTensor does.
template <class Walk>
void LoadTensors(const Checkpoint& checkpoint, const LoadOptions& options,
                 const std::set<ParameterGroup>& may_lack, Walk walk) {
  RequireComputeDType(options);
  VerifyTensors(checkpoint, may_lack);
  WeightLoader loader(checkpoint, options);
  walk([&](const TensorSpec& spec, auto& field) { loader.Add(spec, field); });
  loader.Run();
}

EmbedderWeights LoadEmbedder(const Checkpoint& checkpoint, const LoadOptions& options,
                             const EmbedderShape& shape) {
  EmbedderWeights weights;
  LoadTensors(checkpoint, options, kTowers, [&](auto add) { ForEachTensor(shape, weights, add); });
  return weights;
}

}  // namespace

TextWeights LoadTextWeights(const Checkpoint& checkpoint, const LoadOptions& options) {
  // All but what inference leaves alone.
  return LoadTextWeights(checkpoint, options, [&](const TensorSpec& spec) {
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

VisionWeights LoadVisionTower(const Checkpoint& checkpoint, const LoadOptions& options) {
  if (!checkpoint.config().vision) {
    throw UserError("{}: expected a multimodal checkpoint, found one without a vision tower",
                    checkpoint.directory());
  }
  const VisionArchitecture architecture = MakeVisionArchitecture(*checkpoint.config().vision);
  VisionWeights weights = EmptyVisionWeights(architecture);
  LoadTensors(checkpoint, options, {ParameterGroup::kAudioTower},
              [&](auto add) { ForEachTensor(architecture, weights, add); });
  return weights;
}

AudioWeights LoadAudioTower(const Checkpoint& checkpoint, const LoadOptions& options) {
  if (!checkpoint.config().audio) {
    throw UserError("{}: expected a multimodal checkpoint, found one without an audio tower",
                    checkpoint.directory());
  }
  const AudioConfig& config = *checkpoint.config().audio;
  AudioWeights weights = EmptyAudioWeights(config);
  LoadTensors(checkpoint, options, {ParameterGroup::kVisionTower},
              [&](auto add) { ForEachTensor(config, weights, add); });
  return weights;
}

}  // namespace plelab
