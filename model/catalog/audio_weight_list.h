// ONE list per struct of the audio tower's weights (model/catalog/text_weight_list.h says what f is called
// with).
#pragma once

#include <string>

#include "model/base/format.h"
#include "model/catalog/audio_weights.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

inline TensorSpec AudioSpec(std::string name, std::vector<int64_t> shape) {
  return MakeSpec(std::move(name), std::move(shape), ParameterGroup::kAudioTower);
}

template <class F>
void ForEachTensor(const std::string& prefix, const AudioConfig& c, SubsamplingWeights& w, F& f) {
  int64_t channels = 1, bins = c.input_feat_size;
  for (int i = 0; i < 2; ++i) {
    const std::string conv = Format("{}conv_{}.", prefix, i);
    const int64_t out = c.sscp_conv_channel_size[i];
    const auto& kernel = c.sscp_conv_kernel_size[i];
    f(AudioSpec(conv + "conv.weight", {out, channels, kernel[0], kernel[1]}), w.conv[i].conv);
    f(AudioSpec(conv + "norm.weight", {out}), w.conv[i].norm);
    channels = out;
    bins = SubsampledBins(c, i, bins);
  }
  f(AudioSpec(prefix + "input_proj_linear.weight", {c.hidden_size, bins * channels}), w.input_proj_linear);
}

template <class F>
void ForEachTensor(const std::string& prefix, const AudioConfig& c, ConformerFeedForwardWeights& w, F& f) {
  const int64_t hidden = c.hidden_size;
  f(AudioSpec(prefix + "pre_layer_norm.weight", {hidden}), w.pre_layer_norm);
  f(AudioSpec(prefix + "ffw_layer_1.weight", {4 * hidden, hidden}), w.ffw_layer_1);
  f(AudioSpec(prefix + "ffw_layer_2.weight", {hidden, 4 * hidden}), w.ffw_layer_2);
  f(AudioSpec(prefix + "post_layer_norm.weight", {hidden}), w.post_layer_norm);
}

template <class F>
void ForEachTensor(const std::string& prefix, const AudioConfig& c, ConformerAttentionWeights& w, F& f) {
  const int64_t hidden = c.hidden_size;
  f(AudioSpec(prefix + "pre_attn_norm.weight", {hidden}), w.pre_attn_norm);
  f(AudioSpec(prefix + "attn.per_dim_scale", {hidden / c.conf_num_attention_heads}), w.per_dim_scale);
  f(AudioSpec(prefix + "attn.relative_position_embedding.pos_proj.weight", {hidden, hidden}), w.pos_proj);
  f(AudioSpec(prefix + "attn.q_proj.weight", {hidden, hidden}), w.q_proj);
  f(AudioSpec(prefix + "attn.k_proj.weight", {hidden, hidden}), w.k_proj);
  f(AudioSpec(prefix + "attn.v_proj.weight", {hidden, hidden}), w.v_proj);
  f(AudioSpec(prefix + "post.weight", {hidden, hidden}), w.post);
  f(AudioSpec(prefix + "post_norm.weight", {hidden}), w.post_norm);
}

template <class F>
void ForEachTensor(const std::string& prefix, const AudioConfig& c, LightConvWeights& w, F& f) {
  const int64_t hidden = c.hidden_size;
  f(AudioSpec(prefix + "pre_layer_norm.weight", {hidden}), w.pre_layer_norm);
  f(AudioSpec(prefix + "linear_start.weight", {2 * hidden, hidden}), w.linear_start);
  f(AudioSpec(prefix + "depthwise_conv1d.weight", {hidden, 1, c.conf_conv_kernel_size}), w.depthwise_conv1d);
  f(AudioSpec(prefix + "conv_norm.weight", {hidden}), w.conv_norm);
  f(AudioSpec(prefix + "linear_end.weight", {hidden, hidden}), w.linear_end);
}

template <class F>
void ForEachTensor(const std::string& prefix, const AudioConfig& c, ConformerBlockWeights& w, F& f) {
  ForEachTensor(prefix + "ffw_layer_start.", c, w.ffw_layer_start, f);
  ForEachTensor(prefix + "attention.", c, w.attention, f);
  ForEachTensor(prefix + "lconv1d.", c, w.lconv1d, f);
  ForEachTensor(prefix + "ffw_layer_end.", c, w.ffw_layer_end, f);
  f(AudioSpec(prefix + "norm.weight", {c.hidden_size}), w.norm);
}

// transformers Gemma3nAudioEncoder. w must have the config's blocks, as EmptyAudioWeights makes them.
template <class F>
void ForEachTensor(const AudioConfig& c, AudioWeights& w, F&& f) {
  const std::string prefix = "model.audio_tower.";
  ForEachTensor(prefix + "subsample_conv_projection.", c, w.subsample_conv_projection, f);
  for (int64_t block = 0; block < c.conf_num_hidden_layers; ++block) {
    ForEachTensor(Format("{}conformer.{}.", prefix, block), c, w.conformer[block], f);
  }
}

}  // namespace plelab
