#include "model/catalog/text_weights.h"

#include "model/catalog/text_weight_list.h"
#include "model/weights/random_weights.h"

namespace plelab {

// Sparse layers keep down_proj transposed, so that each of the few active activations reads one contiguous
// run of it.
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

TextWeights RandomTextWeights(const TextConfig& config, int64_t seed, DType dtype) {
  TextWeights weights = EmptyTextWeights(config);
  ForEachTensor("model.", config, weights, FillWithRandom(static_cast<uint64_t>(seed), dtype));
  return weights;
}

}  // namespace plelab
