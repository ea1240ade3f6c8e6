#include "model/catalog/vision_weights.h"

#include "model/base/error.h"
#include "model/catalog/vision_weight_list.h"
#include "model/weights/random_weights.h"

namespace plelab {
namespace {

VisionBlockWeights EmptyBlock(VisionBlock::Kind kind) {
  switch (kind) {
    case VisionBlock::Kind::kEdgeResidual:
      return EdgeResidualWeights{};
    case VisionBlock::Kind::kInvertedResidual:
      return InvertedResidualWeights{};
    case VisionBlock::Kind::kAttention:
      return MultiQueryAttentionWeights{};
  }
  throw RunError("a vision block of unknown kind {}", static_cast<int>(kind));
}

}  // namespace

VisionWeights EmptyVisionWeights(const VisionArchitecture& architecture) {
  VisionWeights weights;
  for (const std::vector<VisionBlock>& stage : architecture.stages) {
    std::vector<VisionBlockWeights>& blocks = weights.blocks.emplace_back();
    for (const VisionBlock& block : stage) blocks.push_back(EmptyBlock(block.kind));
  }
  return weights;
}

std::vector<TensorSpec> VisionTowerTensors(const VisionConfig& config) {
  const VisionArchitecture architecture = MakeVisionArchitecture(config);
  VisionWeights weights = EmptyVisionWeights(architecture);
  std::vector<TensorSpec> specs;
  ForEachTensor(architecture, weights, [&](const TensorSpec& spec, const auto&) { specs.push_back(spec); });
  return specs;
}

VisionWeights RandomVisionWeights(const VisionConfig& config, uint64_t seed, DType dtype) {
  const VisionArchitecture architecture = MakeVisionArchitecture(config);
  VisionWeights weights = EmptyVisionWeights(architecture);
  ForEachTensor(architecture, weights, FillWithRandom(seed, dtype));
  return weights;
}

}  // namespace plelab
