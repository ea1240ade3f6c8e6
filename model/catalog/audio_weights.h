// The audio tower's weights as structs whose shapes are given; audio_weight_list.h is the ONE list that walks
// them.  Names are the reference's (transformers Gemma3nAudioEncoder, checkpoint prefix model.audio_tower.).
#pragma once

#include <torch/types.h>

#include <array>
#include <vector>

#include "model/base/dtype.h"
#include "model/checkpoint/config.h"
#include "model/weights/linear_weight.h"

namespace plelab {

// Gemma3nAudioSSCPConvBlock.
struct AudioConvWeights {
  torch::Tensor conv;  // [channels, channels in, kernel over time, kernel over bins]
  torch::Tensor norm;  // [channels]
};

// Gemma3nAudioSubSampleConvProjection.
struct SubsamplingWeights {
  std::array<AudioConvWeights, 2> conv;
  LinearWeight input_proj_linear;  // [hidden, bins left · channels]
};

// Gemma3nAudioConformerFeedForward.
struct ConformerFeedForwardWeights {
  torch::Tensor pre_layer_norm;   // [hidden]
  LinearWeight ffw_layer_1;       // [4 · hidden, hidden], kTransposed on the CPU
  LinearWeight ffw_layer_2;       // [hidden, 4 · hidden], kTransposed on the CPU
  torch::Tensor post_layer_norm;  // [hidden]
};

// Gemma3nAudioConformerAttention.
struct ConformerAttentionWeights {
  torch::Tensor pre_attn_norm;  // [hidden]
  torch::Tensor per_dim_scale;  // [head_dim]; queries are multiplied by its softplus
  LinearWeight pos_proj;        // [hidden, hidden]
  LinearWeight q_proj;          // [hidden, hidden]
  LinearWeight k_proj;          // [hidden, hidden]
  LinearWeight v_proj;          // [hidden, hidden]
  LinearWeight post;            // [hidden, hidden]
  torch::Tensor post_norm;      // [hidden]
};

// Gemma3nAudioConformerLightConv1d.
struct LightConvWeights {
  torch::Tensor pre_layer_norm;    // [hidden]
  LinearWeight linear_start;       // [2 · hidden, hidden]
  torch::Tensor depthwise_conv1d;  // [hidden, 1, kernel]
  torch::Tensor conv_norm;         // [hidden]
  LinearWeight linear_end;         // [hidden, hidden]
};

// Gemma3nAudioConformerBlock.
struct ConformerBlockWeights {
  ConformerFeedForwardWeights ffw_layer_start;
  ConformerAttentionWeights attention;
  LightConvWeights lconv1d;
  ConformerFeedForwardWeights ffw_layer_end;
  torch::Tensor norm;  // [hidden]
};

struct AudioWeights {
  SubsamplingWeights subsample_conv_projection;
  std::vector<ConformerBlockWeights> conformer;
};

// Returns as many blocks as the config has, with the layout of each weight chosen and every tensor undefined.
AudioWeights EmptyAudioWeights(const AudioConfig& config);

// The number of bins that sub-sampling convolution `conv` (counted from 0) leaves of `bins`, which it pads by
// one on either side.
int64_t SubsampledBins(const AudioConfig& config, int conv, int64_t bins);

// Every tensor is drawn as `plelab synth` draws it: for tests, timing and training.
AudioWeights RandomAudioWeights(const AudioConfig& config, uint64_t seed, DType dtype);

}  // namespace plelab
