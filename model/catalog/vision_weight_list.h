// ONE list per struct of the vision tower's weights (model/catalog/text_weight_list.h says what f is called
// with).
#pragma once

#include <string>
#include <utility>

#include "model/base/format.h"
#include "model/catalog/vision_weights.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

inline TensorSpec VisionSpec(std::string name, std::vector<int64_t> shape) {
  return MakeSpec(std::move(name), std::move(shape), ParameterGroup::kVisionTower);
}

template <class F>
void ForEachTensor(const std::string& prefix, const VisionBlock& b, EdgeResidualWeights& w, F& f) {
  f(VisionSpec(prefix + "conv_exp.weight", {b.mid, b.in, 3, 3}), w.conv_exp);
  f(VisionSpec(prefix + "bn1.weight", {b.mid}), w.bn1);
  f(VisionSpec(prefix + "conv_pwl.weight", {b.out, b.mid, 1, 1}), w.conv_pwl);
  f(VisionSpec(prefix + "bn2.weight", {b.out}), w.bn2);
}

// A convolution [out, in_per_group, kernel, kernel] and its norm.  With kernel 0 the block has neither.
template <class F>
void ForEachTensor(const std::string& prefix, int64_t out, int64_t in_per_group, int64_t kernel,
                   ConvNormWeights& w, F& f) {
  if (kernel == 0) return;
  f(VisionSpec(prefix + "conv.weight", {out, in_per_group, kernel, kernel}), w.conv);
  f(VisionSpec(prefix + "bn.weight", {out}), w.bn);
}

template <class F>
void ForEachTensor(const std::string& prefix, const VisionBlock& b, bool layer_scale,
                   InvertedResidualWeights& w, F& f) {
  ForEachTensor(prefix + "dw_start.", b.in, 1, b.start_kernel, w.dw_start, f);
  ForEachTensor(prefix + "pw_exp.", b.mid, b.in, 1, w.pw_exp, f);
  ForEachTensor(prefix + "dw_mid.", b.mid, 1, b.mid_kernel, w.dw_mid, f);
  ForEachTensor(prefix + "pw_proj.", b.out, b.mid, 1, w.pw_proj, f);
  if (layer_scale) f(VisionSpec(prefix + "layer_scale.gamma", {b.out}), w.layer_scale);
}

template <class F>
void ForEachTensor(const std::string& prefix, const VisionBlock& b, InvertedResidualWeights& w, F& f) {
  ForEachTensor(prefix, b, /*layer_scale=*/true, w, f);
}

template <class F>
void ForEachTensor(const std::string& prefix, const VisionBlock& b, KeyValueWeights& w, F& f) {
  if (b.strided_kv) {
    f(VisionSpec(prefix + "down_conv.weight", {b.in, 1, 3, 3}), w.down_conv);
    f(VisionSpec(prefix + "norm.weight", {b.in}), w.norm);
  }
  f(VisionSpec(prefix + "proj.weight", {b.head_dim, b.in, 1, 1}), w.proj);
}

template <class F>
void ForEachTensor(const std::string& prefix, const VisionBlock& b, MultiQueryAttentionWeights& w, F& f) {
  const int64_t width = b.heads * b.head_dim;
  f(VisionSpec(prefix + "norm.weight", {b.in}), w.norm);
  f(VisionSpec(prefix + "attn.query.proj.weight", {width, b.in, 1, 1}), w.query);
  ForEachTensor(prefix + "attn.key.", b, w.key, f);
  ForEachTensor(prefix + "attn.value.", b, w.value, f);
  f(VisionSpec(prefix + "attn.output.proj.weight", {b.out, width, 1, 1}), w.output);
  f(VisionSpec(prefix + "layer_scale.gamma", {b.out}), w.layer_scale);
}

// timm MobileNetV5Encoder.
template <class F>
void ForEachTensor(const VisionArchitecture& a, VisionWeights& w, F&& f) {
  const std::string prefix = "model.vision_tower.timm_model.";
  f(VisionSpec(prefix + "conv_stem.conv.weight", {a.stem, 3, 3, 3}), w.conv_stem.conv);
  f(VisionSpec(prefix + "conv_stem.conv.bias", {a.stem}), w.conv_stem.bias);
  f(VisionSpec(prefix + "conv_stem.bn.weight", {a.stem}), w.conv_stem.bn);
  for (size_t stage = 0; stage < a.stages.size(); ++stage) {
    for (size_t i = 0; i < a.stages[stage].size(); ++i) {
      const std::string name = Format("{}blocks.{}.{}.", prefix, stage, i);
      std::visit([&](auto& block) { ForEachTensor(name, a.stages[stage][i], block, f); }, w.blocks[stage][i]);
    }
  }
  ForEachTensor(prefix + "msfa.ffn.", a.fusion, /*layer_scale=*/false, w.msfa.ffn, f);
  f(VisionSpec(prefix + "msfa.norm.weight", {a.fusion.out}), w.msfa.norm);
}

}  // namespace plelab
