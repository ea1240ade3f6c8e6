// Per-layer embeddings inside the model: what each layer receives, and how it enters the streams.
#pragma once

#include <torch/types.h>

#include <vector>

#include "model/base/dtype.h"
#include "model/catalog/text_weights.h"
#include "model/checkpoint/config.h"
#include "model/ple/ple_source.h"
#include "model/text/altup.h"
#include "model/text/ple_observer.h"

namespace plelab {

// The PLE rows of a pass's tokens, from a source's request or, when the table is trained, from a tensor.
class PleRows {
 public:
  // `request` was begun with ids [B, T], flattened.  Layer is the first to ask anything of it.
  static PleRows FromRequest(PleRequest& request, DType table_dtype, int64_t batch, int64_t ple_dim,
                             torch::Device device);
  // table is [vocab_ple, layers · ple_dim], ids are [B, T] on its device. padding_idx is the row without
  // gradient, or −1 for none.
  static PleRows FromTable(const torch::Tensor& table, const torch::Tensor& ids, int64_t ple_dim,
                           int64_t padding_idx);
  // The same row for all `layers`: table is [vocab_ple, ple_dim].
  static PleRows FromSharedTable(const torch::Tensor& table, const torch::Tensor& ids, int64_t layers,
                                 int64_t padding_idx);
  // No rows, as when the reference is given embeddings only.
  static PleRows None() { return {}; }

  PleKind kind() const { return request_ != nullptr ? request_->kind() : kind_; }
  // Returns [B, T, ple_dim] float32 as the source provides them, waiting when the source must.  Throws
  // RunError for a request of another size.
  torch::Tensor Layer(int64_t slice) const;
  // The same rows restricted to tokens start … start + count − 1.
  PleRows Narrow(int64_t start, int64_t count) const;

 private:
  PleKind kind_ = PleKind::kProjectionOnly;
  PleRequest* request_ = nullptr;
  DType dtype_ = DType::kFloat32;
  int64_t batch_ = 0, ple_dim_ = 0;
  torch::Device device_ = torch::kCPU;
  std::vector<torch::Tensor> slices_;  // FromTable: [layers] of [B, T, ple_dim]
  int64_t start_ = 0, count_ = -1;     // the tokens wanted; count −1: all of them
};

// The input of one layer, [B, T, ple_dim] float32, or undefined when the branch is off.  For rows of a table
// it is
//   (norm(projection(embeds) · hidden^-½) + row · √ple_dim) / √2,
// and for other kinds what RecipeOf says. embeds is [B, T, hidden]; projection is this layer's [ple_dim,
// hidden].  `terms`, unless nullptr, receives the two terms of that sum.  Reference:
// Gemma3nTextModel.project_per_layer_inputs.
torch::Tensor PerLayerInput(const torch::Tensor& embeds, const PleRows& rows, int64_t slice,
                            const LinearWeight& projection, const torch::Tensor& projection_norm,
                            const TextConfig& c, PerLayerTerms* terms = nullptr);

// Cuts per_layer_model_projection into one map per layer.  These are views, whose gradients accumulate in one
// tensor.  Empty when the projection is undefined (a model trained without PLE).
std::vector<LinearWeight> SplitByLayer(const LinearWeight& projection, int64_t ple_dim);

// What the layer's input, gated by the active stream, adds to streams[1:]: [B, T, hidden] float32.
// Reference: the second half of Gemma3nTextDecoderLayer.
torch::Tensor PerLayerAddition(const AltUpStreams& streams, const torch::Tensor& per_layer_input,
                               const DecoderLayerWeights& w, const TextConfig& c);

// How a layer uses the rows of a PLE source:
//   input = (norm(projection(embedding) · hidden^-½) + row · row_scale) · scale,
// where each term is present only if the recipe asks for it.
struct PerLayerRecipe {
  bool branch = true;  // false: the layer's PLE branch is skipped
  bool projection = false;
  bool rows = false;
  double row_scale = 1;
  double scale = 1;
};

// The only function of the model that depends on PleKind.  Reference:
// Gemma3nTextModel.project_per_layer_inputs.
PerLayerRecipe RecipeOf(PleKind kind, const TextConfig& config);

// The dtype in which rows of that kind arrive.
inline DType RowDType(PleKind kind, DType table_dtype) {
  return kind == PleKind::kFolded ? DType::kFloat32 : table_dtype;
}

}  // namespace plelab
