#include "model/weight_catalog.h"

#include <utility>

#include "model/weight_lists.h"

namespace plelab {

std::vector<TensorSpec> PublishedTensors(const Gemma3nConfig& config) {
  std::vector<TensorSpec> specs;
  const auto append = [&](const TensorSpec& spec, const auto&) { specs.push_back(spec); };
  TextWeights text = EmptyTextWeights(config.text);
  ForEachTensor(TextPrefix(config), config.text, text, append);
  EmbedderWeights embedder;
  if (config.vision) {
    for (TensorSpec& spec : VisionTowerTensors(*config.vision)) specs.push_back(std::move(spec));
    ForEachTensor(VisionEmbedderShape(config), embedder, append);
  }
  if (config.audio) {
    for (TensorSpec& spec : AudioTowerTensors(*config.audio)) specs.push_back(std::move(spec));
    ForEachTensor(AudioEmbedderShape(config), embedder, append);
  }
  return specs;
}

}  // namespace plelab
