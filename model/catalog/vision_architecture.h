// The blocks of timm's mobilenetv5_300m_enc as data, from which the shapes of the weights and the forward
// pass are derived.
#pragma once

#include <cstdint>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab {

// One block of timm's architecture definition (such as "uir_r1_a5_k5_s2_e6_c640"), with its channels
// resolved.
struct VisionBlock {
  enum class Kind { kEdgeResidual, kInvertedResidual, kAttention };
  Kind kind = Kind::kInvertedResidual;
  int64_t start_kernel = 0;  // inverted residual: depthwise convolution before the expansion; 0: none
  int64_t mid_kernel = 0;    // inverted residual: depthwise convolution after the expansion; 0: none
  int64_t expansion = 1;     // edge residual and inverted residual
  int64_t heads = 0;         // attention only, as are head_dim and strided_kv
  int64_t head_dim = 0;
  bool strided_kv = false;  // keys and values come from a grid of half the size
  int64_t stride = 1;       // 2 in the first block of each stage
  bool no_skip = false;     // true in the fusion adapter
  int64_t in = 0, mid = 0, out = 0;

  bool has_skip() const { return in == out && stride == 1 && !no_skip; }
};

struct VisionArchitecture {
  int64_t stem = 0;                              // channels after the stem
  std::vector<std::vector<VisionBlock>> stages;  // four; the fusion adapter joins the last two
  VisionBlock fusion;  // the adapter's inverted residual, without skip and layer scale
};

// Channels that the adapter returns, whatever the width.
inline constexpr int64_t kVisionOutputChannels = 2048;
// The adapter returns a grid of 16 × 16 soft tokens.
inline constexpr int64_t kVisionOutputGrid = 16;

VisionArchitecture MakeVisionArchitecture(const VisionConfig& config);

}  // namespace plelab
