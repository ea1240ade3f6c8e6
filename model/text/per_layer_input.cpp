#include "model/text/per_layer_input.h"

#include <cmath>

#include "model/base/error.h"
#include "model/ops/ops.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

// table [vocab_ple, n] → [B, T, n] float32.
torch::Tensor LookUp(const torch::Tensor& table, const torch::Tensor& ids, int64_t padding_idx) {
  const torch::Tensor in_table = ids.ge(0).logical_and_(ids.lt(table.size(0)));
  const torch::Tensor rows_of_ids = torch::where(in_table, ids, torch::zeros_like(ids));
  return torch::embedding(table, rows_of_ids, padding_idx).to(torch::kFloat32);
}

}  // namespace

PleRows PleRows::FromRequest(PleRequest& request, DType table_dtype, int64_t batch, int64_t ple_dim,
                             torch::Device device) {
  PleRows rows;
  rows.request_ = &request;
  rows.dtype_ = RowDType(request.kind(), table_dtype);
  rows.batch_ = batch;
  rows.ple_dim_ = ple_dim;
  rows.device_ = device;
  return rows;
}

PleRows PleRows::FromTable(const torch::Tensor& table, const torch::Tensor& ids, int64_t ple_dim,
                           int64_t padding_idx) {
  PleRows rows;
  rows.kind_ = PleKind::kRows;
  rows.slices_ = LookUp(table, ids, padding_idx).split(ple_dim, -1);
  return rows;
}

PleRows PleRows::FromSharedTable(const torch::Tensor& table, const torch::Tensor& ids, int64_t layers,
                                 int64_t padding_idx) {
  PleRows rows;
  rows.kind_ = PleKind::kRows;
  rows.slices_.assign(static_cast<size_t>(layers), LookUp(table, ids, padding_idx));
  return rows;
}

PleRows PleRows::Narrow(int64_t start, int64_t count) const {
  PleRows some = *this;
  some.start_ = start_ + start;
  some.count_ = count;
  return some;
}

torch::Tensor PleRows::Layer(int64_t slice) const {
  torch::Tensor rows;
  if (request_ != nullptr) {
    const std::span<const std::byte> bytes = request_->Layer(slice);
    const auto row_bytes = static_cast<size_t>(batch_ * ple_dim_ * SizeOf(dtype_));
    if (bytes.empty() || bytes.size() % row_bytes != 0) {
      throw RunError("PLE rows of layer {}: {} bytes for a batch of {}, expected a multiple of {}", slice,
                     bytes.size(), batch_, row_bytes);
    }
    // from_blob takes a mutable pointer, but nothing writes through it.
    void* data = const_cast<std::byte*>(bytes.data());
    const auto tokens = static_cast<int64_t>(bytes.size() / row_bytes);
    rows = torch::from_blob(data, {batch_, tokens, ple_dim_}, TorchType(dtype_));
  } else {
    rows = slices_.at(slice);
  }
  if (count_ >= 0) rows = rows.narrow(1, start_, count_);
  return rows.to(torch::TensorOptions(device_).dtype(torch::kFloat32));
}

torch::Tensor PerLayerInput(const torch::Tensor& embeds, const PleRows& rows, int64_t slice,
                            const LinearWeight& projection, const torch::Tensor& projection_norm,
                            const TextConfig& c, PerLayerTerms* terms) {
  const PerLayerRecipe recipe = RecipeOf(rows.kind(), c);
  if (!recipe.branch) return {};
  torch::Tensor projected, row;
  if (recipe.projection) {
    const double scale = 1.0 / std::sqrt(static_cast<double>(c.hidden_size));
    projected = RmsNorm(Linear(embeds, projection) * scale, projection_norm, c.rms_norm_eps);
  }
  if (recipe.rows) row = rows.Layer(slice) * recipe.row_scale;
  if (terms != nullptr) *terms = {projected, row};
  if (!projected.defined()) return row * recipe.scale;
  return (row.defined() ? projected + row : projected) * recipe.scale;
}

std::vector<LinearWeight> SplitByLayer(const LinearWeight& projection, int64_t ple_dim) {
  std::vector<LinearWeight> layers;
  if (!projection.defined()) return layers;
  for (int64_t first = 0; first < projection.out; first += ple_dim) {
    layers.push_back(projection.Outputs(first, ple_dim));
  }
  return layers;
}

torch::Tensor PerLayerAddition(const AltUpStreams& streams, const torch::Tensor& per_layer_input,
                               const DecoderLayerWeights& w, const TextConfig& c) {
  torch::Tensor active = streams[c.altup_active_idx];
  if (c.altup_correct_scale) active = active * w.altup.correct_output_scale.to(torch::kFloat32);
  const torch::Tensor gated = GatedGelu(Linear(active, w.per_layer_input_gate), per_layer_input, 0);
  return RmsNorm(Linear(gated, w.per_layer_projection), w.post_per_layer_input_norm, c.rms_norm_eps);
}

PerLayerRecipe RecipeOf(PleKind kind, const TextConfig& config) {
  switch (kind) {
    case PleKind::kRows:
      return {.projection = true,
              .rows = true,
              .row_scale = std::sqrt(static_cast<double>(config.hidden_size_per_layer_input)),
              .scale = std::sqrt(0.5)};
    case PleKind::kFolded:
      return {.rows = true};
    case PleKind::kProjectionOnly:
      return {.projection = true};
    case PleKind::kBlockOff:
      return {.branch = false};
  }
  throw RunError("PLE: kind {} is not known", static_cast<int>(kind));
}

}  // namespace plelab
