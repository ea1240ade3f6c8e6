// The tensors of timm's mobilenetv5_300m_enc: an edge-residual stage, three stages of universal inverted
// residuals and multi-query attention, and an adapter that fuses the last two stages.
#include <fmt/format.h>

#include <algorithm>

#include "model/tensor_spec.h"

namespace plelab {
namespace {

// timm.layers.make_divisible: the nearest multiple of 8, at most 10 % below.
int64_t MakeDivisible(double channels) {
  int64_t rounded = std::max<int64_t>(8, static_cast<int64_t>(channels + 4) / 8 * 8);
  if (static_cast<double>(rounded) < 0.9 * channels) rounded += 8;
  return rounded;
}

// One block of timm's architecture definition ("uir_r1_a5_k5_s2_e6_c640").
struct Block {
  enum Kind { kEdgeResidual, kInvertedResidual, kAttention } kind;
  int64_t start_kernel = 0;  // inverted residual: depthwise convolution before the expansion, 0: none
  int64_t mid_kernel = 0;    // and after it
  int64_t expansion = 1;     // edge and inverted residual
  int64_t heads = 0, head_dim = 0;
  bool strided_kv = false;  // attention: keys and values from a grid of half the size
};

std::vector<std::vector<Block>> Stages() {
  const Block attend_half{Block::kAttention, 0, 0, 1, 12, 64, true};
  const Block attend_full{Block::kAttention, 0, 0, 1, 16, 96, false};
  const auto edge = Block{Block::kEdgeResidual, 0, 0, 4};
  const auto inverted = [](int64_t start, int64_t mid, int64_t expansion) {
    return Block{Block::kInvertedResidual, start, mid, expansion};
  };
  std::vector<std::vector<Block>> stages = {
      {edge, edge, edge},
      {inverted(3, 5, 6), inverted(5, 0, 4), inverted(3, 0, 4), inverted(5, 0, 4), inverted(3, 0, 4)},
      {inverted(5, 5, 6)},
      {inverted(5, 5, 6)},
  };
  stages[2].insert(stages[2].end(), 7, inverted(5, 0, 4));
  stages[2].push_back(inverted(0, 0, 1));
  for (int pair = 0; pair < 14; ++pair) stages[2].insert(stages[2].end(), {attend_half, inverted(0, 0, 2)});
  for (int pair = 0; pair < 19; ++pair) stages[3].insert(stages[3].end(), {attend_full, inverted(0, 0, 2)});
  return stages;
}

constexpr int64_t kStageChannels[] = {128, 256, 640, 1280};
constexpr int64_t kStemChannels = 64;
constexpr int64_t kOutputChannels = 2048;  // of the fusion adapter, whatever the multiplier

class VisionList {
 public:
  void Add(const std::string& name, std::vector<int64_t> shape) {
    specs.push_back(
        MakeSpec("model.vision_tower.timm_model." + name, std::move(shape), ParameterGroup::kVisionTower));
  }
  // timm ConvNormAct.
  void AddConvNorm(const std::string& prefix, int64_t out, int64_t in_per_group, int64_t kernel) {
    Add(prefix + ".conv.weight", {out, in_per_group, kernel, kernel});
    Add(prefix + ".bn.weight", {out});
  }
  std::vector<TensorSpec> specs;
};

void AddEdgeResidual(const std::string& prefix, const Block& block, int64_t in, int64_t out,
                     VisionList& list) {
  const int64_t mid = MakeDivisible(static_cast<double>(in * block.expansion));
  list.Add(prefix + "conv_exp.weight", {mid, in, 3, 3});
  list.Add(prefix + "bn1.weight", {mid});
  list.Add(prefix + "conv_pwl.weight", {out, mid, 1, 1});
  list.Add(prefix + "bn2.weight", {out});
}

// timm UniversalInvertedResidual; the adapter's has no layer scale.
void AddInvertedResidual(const std::string& prefix, const Block& block, int64_t in, int64_t out,
                         bool layer_scale, VisionList& list) {
  const int64_t mid = MakeDivisible(static_cast<double>(in * block.expansion));
  if (block.start_kernel > 0) list.AddConvNorm(prefix + "dw_start", in, 1, block.start_kernel);
  list.AddConvNorm(prefix + "pw_exp", mid, in, 1);
  if (block.mid_kernel > 0) list.AddConvNorm(prefix + "dw_mid", mid, 1, block.mid_kernel);
  list.AddConvNorm(prefix + "pw_proj", out, mid, 1);
  if (layer_scale) list.Add(prefix + "layer_scale.gamma", {out});
}

// timm MobileAttention around MultiQueryAttention2d.
void AddAttention(const std::string& prefix, const Block& block, int64_t channels, VisionList& list) {
  const int64_t width = block.heads * block.head_dim;
  list.Add(prefix + "norm.weight", {channels});
  list.Add(prefix + "attn.query.proj.weight", {width, channels, 1, 1});
  for (const char* name : {"key", "value"}) {
    const std::string part = prefix + "attn." + name + ".";
    if (block.strided_kv) {
      list.Add(part + "down_conv.weight", {channels, 1, 3, 3});
      list.Add(part + "norm.weight", {channels});
    }
    list.Add(part + "proj.weight", {block.head_dim, channels, 1, 1});
  }
  list.Add(prefix + "attn.output.proj.weight", {channels, width, 1, 1});
  list.Add(prefix + "layer_scale.gamma", {channels});
}

void AddBlock(const std::string& prefix, const Block& block, int64_t in, int64_t out, VisionList& list) {
  switch (block.kind) {
    case Block::kEdgeResidual:
      return AddEdgeResidual(prefix, block, in, out, list);
    case Block::kInvertedResidual:
      return AddInvertedResidual(prefix, block, in, out, true, list);
    case Block::kAttention:
      return AddAttention(prefix, block, out, list);
  }
}

}  // namespace

std::vector<TensorSpec> VisionTowerTensors(const VisionConfig& config) {
  const double width = config.channel_multiplier;
  VisionList list;
  int64_t channels = width < 1 ? kStemChannels : MakeDivisible(kStemChannels * width);  // timm's fix_stem
  list.Add("conv_stem.conv.weight", {channels, 3, 3, 3});
  list.Add("conv_stem.conv.bias", {channels});
  list.Add("conv_stem.bn.weight", {channels});
  int64_t fused = 0;  // channels of the last two stages together
  const auto stages = Stages();
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    const int64_t out = MakeDivisible(static_cast<double>(kStageChannels[stage]) * width);
    for (size_t block = 0; block < stages[stage].size(); ++block) {
      AddBlock(fmt::format("blocks.{}.{}.", stage, block), stages[stage][block], channels, out, list);
      channels = out;
    }
    if (stage >= 2) fused += out;
  }
  AddInvertedResidual("msfa.ffn.", Block{Block::kInvertedResidual, 0, 0, 2}, fused, kOutputChannels, false,
                      list);
  list.Add("msfa.norm.weight", {kOutputChannels});
  return std::move(list.specs);
}

}  // namespace plelab
