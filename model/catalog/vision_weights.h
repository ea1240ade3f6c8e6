// The vision tower's weights as structs whose shapes are given; vision_weight_list.h is the ONE list that
// walks them.  Names are timm's (mobilenetv5_300m_enc, checkpoint prefix model.vision_tower.timm_model.).
// Shapes are the published ones, where every convolution is [out, in per group, height, width].
#pragma once

#include <torch/types.h>

#include <variant>
#include <vector>

#include "model/base/dtype.h"
#include "model/catalog/vision_architecture.h"
#include "model/checkpoint/config.h"
#include "model/weights/linear_weight.h"

namespace plelab {

// timm ConvNormAct.
struct ConvNormWeights {
  torch::Tensor conv;  // [out, in per group, kernel, kernel]
  torch::Tensor bias;  // [out]; only the stem has one
  torch::Tensor bn;    // [out]; an RMS norm over channels, in spite of its name
};

// timm EdgeResidual.
struct EdgeResidualWeights {
  torch::Tensor conv_exp;  // [mid, in, 3, 3]
  torch::Tensor bn1;       // [mid]
  torch::Tensor conv_pwl;  // [out, mid, 1, 1]
  torch::Tensor bn2;       // [out]
};

// timm UniversalInvertedResidual.
struct InvertedResidualWeights {
  ConvNormWeights dw_start;   // [in, 1, start_kernel, start_kernel]; undefined where the block has none
  ConvNormWeights pw_exp;     // [mid, in, 1, 1]
  ConvNormWeights dw_mid;     // [mid, 1, mid_kernel, mid_kernel]; undefined where the block has none
  ConvNormWeights pw_proj;    // [out, mid, 1, 1]
  torch::Tensor layer_scale;  // [out]; undefined in the fusion adapter
};

// Keys or values of timm MultiQueryAttention2d.
struct KeyValueWeights {
  torch::Tensor down_conv;  // [channels, 1, 3, 3]; undefined unless keys and values are strided
  torch::Tensor norm;       // [channels]; undefined unless keys and values are strided
  torch::Tensor proj;       // [head_dim, channels, 1, 1]
};

// timm MobileAttention around MultiQueryAttention2d: all heads share one key and one value.
struct MultiQueryAttentionWeights {
  torch::Tensor norm;   // [channels]
  torch::Tensor query;  // [heads · head_dim, channels, 1, 1]
  KeyValueWeights key, value;
  torch::Tensor output;       // [channels, heads · head_dim, 1, 1]
  torch::Tensor layer_scale;  // [channels]
};

using VisionBlockWeights =
    std::variant<EdgeResidualWeights, InvertedResidualWeights, MultiQueryAttentionWeights>;

// timm MobileNetV5MultiScaleFusionAdapter.
struct FusionAdapterWeights {
  InvertedResidualWeights ffn;
  torch::Tensor norm;  // [kVisionOutputChannels]
};

struct VisionWeights {
  ConvNormWeights conv_stem;                            // [stem, 3, 3, 3]
  std::vector<std::vector<VisionBlockWeights>> blocks;  // indexed as VisionArchitecture::stages
  FusionAdapterWeights msfa;
};

// Returns blocks of the kinds that the architecture has, with every tensor undefined.
VisionWeights EmptyVisionWeights(const VisionArchitecture& architecture);

// Every tensor is drawn as `plelab synth` draws it: for tests, timing and training.
VisionWeights RandomVisionWeights(const VisionConfig& config, uint64_t seed, DType dtype);

}  // namespace plelab
