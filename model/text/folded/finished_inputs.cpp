#include "model/text/folded/finished_inputs.h"

#include <algorithm>

#include "model/base/error.h"
#include "model/catalog/load_weights.h"
#include "model/kernels/products/matvec.h"
#include "model/ple/sources/folded_ple.h"
#include "model/text/text_model.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

constexpr size_t kIdsAtOnce = 1024;

// Ids below this one are embedded by embed_tokens and have a row of their own in the PLE table.
int64_t TextIds(const Gemma3nConfig& config) {
  int64_t ids = std::min(config.text.vocab_size, config.text.vocab_size_per_layer_input);
  if (config.vision) ids = std::min({ids, config.vision->vocab_offset, config.special.image});
  if (config.audio) ids = std::min({ids, config.audio->vocab_offset, config.special.audio});
  return ids;
}

torch::Tensor TensorOf(std::span<const int64_t> ids) {
  return torch::tensor(at::IntArrayRef(ids.data(), ids.size()), torch::kLong);
}

// Told before a packed table is opened, which would read it to compare its hashes.
PleGeometry PublishedGeometry(const Checkpoint& checkpoint) {
  if (!checkpoint.has_packed_table()) return checkpoint.ple_table().geometry;
  throw UserError("{}: finished inputs are computed from the table as published, but this one is packed",
                  checkpoint.directory());
}

}  // namespace

std::vector<std::string> TensorsOfFinishedInputs(const Gemma3nConfig& config) {
  std::vector<std::string> names;
  for (const char* name : {"embed_tokens.weight", "per_layer_model_projection.weight",
                           "per_layer_projection_norm.weight", "embed_tokens_per_layer.weight"}) {
    names.push_back(TextPrefix(config) + name);
  }
  return names;
}

PleGeometry FinishedGeometry(const Checkpoint& checkpoint) {
  PleGeometry geometry = FoldedGeometry(checkpoint.ple_shape());
  geometry.vocab = TextIds(checkpoint.config());
  return geometry;
}

FinishedInputs::FinishedInputs(const Checkpoint& checkpoint)
    : checkpoint_(checkpoint), table_(PublishedGeometry(checkpoint)) {
  const Gemma3nConfig& config = checkpoint.config();
  std::vector<std::string> names = TensorsOfFinishedInputs(config);
  std::erase(names, checkpoint.ple_tensor());
  text_ = LoadTextWeights(checkpoint, {.dtype = DType::kFloat32}, [&](const TensorSpec& spec) {
    return std::ranges::find(names, spec.name) != names.end();
  });
  projections_ = SplitByLayer(text_.per_layer_model_projection, config.text.hidden_size_per_layer_input);
}

torch::Tensor FinishedInputs::Compute(std::span<const int64_t> ids) const {
  std::vector<torch::Tensor> parts;
  for (size_t begin = 0; begin < ids.size(); begin += kIdsAtOnce) {
    parts.push_back(ComputeTogether(ids.subspan(begin, std::min(kIdsAtOnce, ids.size() - begin))));
  }
  return parts.size() == 1 ? parts.front() : torch::cat(parts);
}

torch::Tensor FinishedInputs::ComputeTogether(std::span<const int64_t> ids) const {
  // Quantised weights multiply a few vectors as integers, which rounds them.
  constexpr size_t kFewestIds = kMaxVectors + 1;
  if (ids.size() < kFewestIds) {
    std::vector<int64_t> padded(ids.begin(), ids.end());
    padded.resize(kFewestIds, ids.back());
    return ComputeTogether(padded).narrow(0, 0, std::ssize(ids));
  }
  const at::NoGradGuard no_grad;
  const TextConfig& c = checkpoint_.config().text;
  const LayerList none;
  const TextModel model{c, text_, none};
  const torch::Tensor embeds = EmbedTokens(TensorOf(ids).unsqueeze(0), model);
  const PleRows rows =
      PleRows::FromTable(TableRows(ids), torch::arange(std::ssize(ids)).unsqueeze(0), table_.dim, -1);
  std::vector<torch::Tensor> layers;
  for (int64_t layer = 0; layer < table_.layers; ++layer) {
    layers.push_back(
        PerLayerInput(embeds, rows, layer, projections_[layer], text_.per_layer_projection_norm, c));
  }
  return torch::cat(layers, -1).squeeze(0).contiguous();
}

torch::Tensor FinishedInputs::TableRows(std::span<const int64_t> ids) const {
  const auto row_bytes = static_cast<size_t>(table_.row_bytes());
  const TensorInfo& info = *checkpoint_.Find(checkpoint_.ple_tensor());
  const torch::Tensor rows =
      torch::empty({std::ssize(ids), table_.layers * table_.dim}, TorchType(table_.dtype));
  auto* to = static_cast<std::byte*>(rows.data_ptr());
  for (size_t begin = 0, end = 0; begin < ids.size(); begin = end) {
    for (end = begin + 1; end < ids.size() && ids[end] == ids[end - 1] + 1;) ++end;
    checkpoint_.ReadRange(info, ids[begin] * table_.row_bytes(),
                          {to + begin * row_bytes, (end - begin) * row_bytes});
  }
  return rows;
}

}  // namespace plelab
