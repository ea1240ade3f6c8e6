#include "model/catalog/vision_architecture.h"

#include <algorithm>

namespace plelab {
namespace {

using Kind = VisionBlock::Kind;

// timm.layers.make_divisible: the nearest multiple of 8 that is at most 10 % smaller.
int64_t MakeDivisible(double channels) {
  int64_t rounded = std::max<int64_t>(8, static_cast<int64_t>(channels + 4) / 8 * 8);
  if (static_cast<double>(rounded) < 0.9 * channels) rounded += 8;
  return rounded;
}

VisionBlock EdgeResidual() { return {.kind = Kind::kEdgeResidual, .expansion = 4}; }

VisionBlock InvertedResidual(int64_t start_kernel, int64_t mid_kernel, int64_t expansion) {
  return {.kind = Kind::kInvertedResidual,
          .start_kernel = start_kernel,
          .mid_kernel = mid_kernel,
          .expansion = expansion};
}

VisionBlock Attention(int64_t heads, int64_t head_dim, bool strided_kv) {
  return {.kind = Kind::kAttention, .heads = heads, .head_dim = head_dim, .strided_kv = strided_kv};
}

std::vector<std::vector<VisionBlock>> Stages() {
  std::vector<std::vector<VisionBlock>> stages = {
      {EdgeResidual(), EdgeResidual(), EdgeResidual()},
      {InvertedResidual(3, 5, 6), InvertedResidual(5, 0, 4), InvertedResidual(3, 0, 4),
       InvertedResidual(5, 0, 4), InvertedResidual(3, 0, 4)},
      {InvertedResidual(5, 5, 6)},
      {InvertedResidual(5, 5, 6)},
  };
  stages[2].insert(stages[2].end(), 7, InvertedResidual(5, 0, 4));
  stages[2].push_back(InvertedResidual(0, 0, 1));
  for (int pair = 0; pair < 14; ++pair) {
    stages[2].insert(stages[2].end(), {Attention(12, 64, true), InvertedResidual(0, 0, 2)});
  }
  for (int pair = 0; pair < 19; ++pair) {
    stages[3].insert(stages[3].end(), {Attention(16, 96, false), InvertedResidual(0, 0, 2)});
  }
  return stages;
}

constexpr int64_t kStageChannels[] = {128, 256, 640, 1280};
constexpr int64_t kStemChannels = 64;

void Resolve(VisionBlock& block, int64_t in, int64_t out, int64_t stride) {
  block.in = in;
  block.out = out;
  block.stride = stride;
  block.mid = MakeDivisible(static_cast<double>(in * block.expansion));
}

}  // namespace

VisionArchitecture MakeVisionArchitecture(const VisionConfig& config) {
  const double width = config.channel_multiplier;
  VisionArchitecture architecture{.stem = width < 1 ? kStemChannels : MakeDivisible(kStemChannels * width),
                                  .stages = Stages(),
                                  .fusion = InvertedResidual(0, 0, 2)};  // timm's fix_stem: never narrower
  int64_t channels = architecture.stem;
  for (size_t stage = 0; stage < architecture.stages.size(); ++stage) {
    const int64_t out = MakeDivisible(static_cast<double>(kStageChannels[stage]) * width);
    int64_t stride = 2;
    for (VisionBlock& block : architecture.stages[stage]) {
      Resolve(block, channels, out, stride);
      channels = out;
      stride = 1;
    }
  }
  const int64_t fused = architecture.stages[2].back().out + architecture.stages[3].back().out;
  Resolve(architecture.fusion, fused, kVisionOutputChannels, 1);
  architecture.fusion.no_skip = true;
  return architecture;
}

}  // namespace plelab
