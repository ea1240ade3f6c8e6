#include "model/vision_weights.h"

#include "model/io/error.h"
#include "model/random_weights.h"
#include "model/vision_weight_list.h"
#include "model/weight_loader.h"

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

VisionWeights RandomVisionWeights(const VisionConfig& config, uint64_t seed, DType dtype) {
  const VisionArchitecture architecture = MakeVisionArchitecture(config);
  VisionWeights weights = EmptyVisionWeights(architecture);
  ForEachTensor(architecture, weights, FillWithRandom(seed, dtype));
  return weights;
}

}  // namespace plelab
