#include "model/catalog/audio_weights.h"

#include "model/base/error.h"
#include "model/catalog/audio_weight_list.h"
#include "model/weights/random_weights.h"

namespace plelab {

// Feed-forwards (three quarters of the tower) are stored transposed: a product with some hundred rows spends
// up to a fifth of its time rearranging the weight into the order that the multiplication wants, and copies
// this layout faster (which saves 2–8 % of the product, measured with MKL).
AudioWeights EmptyAudioWeights(const AudioConfig& config) {
  AudioWeights weights;
  weights.conformer.resize(config.conf_num_hidden_layers);
  for (ConformerBlockWeights& block : weights.conformer) {
    for (ConformerFeedForwardWeights* half : {&block.ffw_layer_start, &block.ffw_layer_end}) {
      half->ffw_layer_1.layout = half->ffw_layer_2.layout = WeightLayout::kTransposed;
    }
  }
  return weights;
}

int64_t SubsampledBins(const AudioConfig& config, int conv, int64_t bins) {
  return (bins + 2 - config.sscp_conv_kernel_size[conv][1]) / config.sscp_conv_stride_size[conv][1] + 1;
}

std::vector<TensorSpec> AudioTowerTensors(const AudioConfig& config) {
  std::vector<TensorSpec> specs;
  AudioWeights weights = EmptyAudioWeights(config);
  ForEachTensor(config, weights, [&](const TensorSpec& spec, const auto&) { specs.push_back(spec); });
  return specs;
}

AudioWeights RandomAudioWeights(const AudioConfig& config, uint64_t seed, DType dtype) {
  AudioWeights weights = EmptyAudioWeights(config);
  ForEachTensor(config, weights, FillWithRandom(seed, dtype));
  return weights;
}

}  // namespace plelab
