// The tensors of transformers' Gemma3nAudioEncoder.
#include <fmt/format.h>

#include "model/tensor_spec.h"

namespace plelab {
namespace {

class AudioList {
 public:
  void Add(const std::string& name, std::vector<int64_t> shape) {
    specs.push_back(MakeSpec("model.audio_tower." + name, std::move(shape), ParameterGroup::kAudioTower));
  }
  std::vector<TensorSpec> specs;
};

// Bins that a convolution leaves of `bins`, padded by one on either side.
int64_t FrequencyBins(const AudioConfig& c, int conv, int64_t bins) {
  return (bins + 2 - c.sscp_conv_kernel_size[conv][1]) / c.sscp_conv_stride_size[conv][1] + 1;
}

void AddSubsampling(const AudioConfig& c, AudioList& list) {
  int64_t channels = 1, bins = c.input_feat_size;
  for (int conv = 0; conv < 2; ++conv) {
    const std::string prefix = fmt::format("subsample_conv_projection.conv_{}.", conv);
    const int64_t out = c.sscp_conv_channel_size[conv];
    list.Add(prefix + "conv.weight",
             {out, channels, c.sscp_conv_kernel_size[conv][0], c.sscp_conv_kernel_size[conv][1]});
    list.Add(prefix + "norm.weight", {out});
    channels = out;
    bins = FrequencyBins(c, conv, bins);
  }
  list.Add("subsample_conv_projection.input_proj_linear.weight", {c.hidden_size, channels * bins});
}

void AddFeedForward(const std::string& prefix, int64_t hidden, AudioList& list) {
  list.Add(prefix + "pre_layer_norm.weight", {hidden});
  list.Add(prefix + "ffw_layer_1.weight", {4 * hidden, hidden});
  list.Add(prefix + "ffw_layer_2.weight", {hidden, 4 * hidden});
  list.Add(prefix + "post_layer_norm.weight", {hidden});
}

void AddAttention(const std::string& prefix, const AudioConfig& c, AudioList& list) {
  const int64_t hidden = c.hidden_size;
  list.Add(prefix + "pre_attn_norm.weight", {hidden});
  list.Add(prefix + "attn.per_dim_scale", {hidden / c.conf_num_attention_heads});
  list.Add(prefix + "attn.relative_position_embedding.pos_proj.weight", {hidden, hidden});
  list.Add(prefix + "attn.q_proj.weight", {hidden, hidden});
  list.Add(prefix + "attn.k_proj.weight", {hidden, hidden});
  list.Add(prefix + "attn.v_proj.weight", {hidden, hidden});
  list.Add(prefix + "post.weight", {hidden, hidden});
  list.Add(prefix + "post_norm.weight", {hidden});
}

void AddLightConv(const std::string& prefix, const AudioConfig& c, AudioList& list) {
  const int64_t hidden = c.hidden_size;
  list.Add(prefix + "pre_layer_norm.weight", {hidden});
  list.Add(prefix + "linear_start.weight", {2 * hidden, hidden});
  list.Add(prefix + "depthwise_conv1d.weight", {hidden, 1, c.conf_conv_kernel_size});
  list.Add(prefix + "conv_norm.weight", {hidden});
  list.Add(prefix + "linear_end.weight", {hidden, hidden});
}

}  // namespace

std::vector<TensorSpec> AudioTowerTensors(const AudioConfig& config) {
  AudioList list;
  AddSubsampling(config, list);
  for (int64_t block = 0; block < config.conf_num_hidden_layers; ++block) {
    const std::string prefix = fmt::format("conformer.{}.", block);
    AddFeedForward(prefix + "ffw_layer_start.", config.hidden_size, list);
    AddAttention(prefix + "attention.", config, list);
    AddLightConv(prefix + "lconv1d.", config, list);
    AddFeedForward(prefix + "ffw_layer_end.", config.hidden_size, list);
    list.Add(prefix + "norm.weight", {config.hidden_size});
  }
  return std::move(list.specs);
}

}  // namespace plelab
