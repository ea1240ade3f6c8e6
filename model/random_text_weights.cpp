#include "model/random_weights.h"
#include "model/weight_lists.h"
#include "model/weights.h"

namespace plelab {

TextWeights RandomTextWeights(const TextConfig& config, int64_t seed, DType dtype) {
  TextWeights weights = EmptyTextWeights(config);
  ForEachTensor("model.", config, weights, FillWithRandom(static_cast<uint64_t>(seed), dtype));
  return weights;
}

}  // namespace plelab
