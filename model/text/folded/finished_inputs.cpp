#include "model/text/folded/finished_inputs.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "model/base/error.h"
#include "model/catalog/load_weights.h"
#include "model/ple/sources/folded_ple.h"
#include "model/text/text_model.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

constexpr char kTable[] = "embed_tokens_per_layer.weight";

// Rows that are read together, as one tensor and where in it each range begins.
class ComputedRows : public Completion {
 public:
  ComputedRows(const FinishedInputs& inputs, std::span<const ReadRange> ranges) {
    const int64_t row_bytes = inputs.geometry().row_bytes();
    std::vector<int64_t> ids;
    for (const ReadRange& range : ranges) {
      begins_.push_back(std::ssize(ids) * row_bytes + range.offset_bytes % row_bytes);
      sizes_.push_back(range.size_bytes);
      const int64_t last = (range.offset_bytes + range.size_bytes - 1) / row_bytes;
      for (int64_t id = range.offset_bytes / row_bytes; id <= last; ++id) ids.push_back(id);
    }
    rows_ = inputs.Compute(ids);
  }

  std::span<const std::byte> Wait(size_t index) override {
    return {static_cast<const std::byte*>(rows_.const_data_ptr()) + begins_.at(index),
            static_cast<size_t>(sizes_.at(index))};
  }

 private:
  std::vector<int64_t> begins_, sizes_;  // [ranges], in bytes
  torch::Tensor rows_;                   // [ids, layers · ple_dim] float32
};

// What a file of all finished inputs would have, row after row.  All ranges that are submitted together are
// computed at once, and before Submit returns.
class ComputedFile : public RandomAccessFile {
 public:
  explicit ComputedFile(std::shared_ptr<const FinishedInputs> inputs)
      : inputs_(std::move(inputs)), path_(inputs_->checkpoint().directory() + ": finished inputs") {}

  void Read(int64_t offset, std::span<std::byte> out) override {
    const ReadRange range{offset, std::ssize(out)};
    std::memcpy(out.data(), Submit({&range, 1})->Wait(0).data(), out.size());
  }
  std::unique_ptr<Completion> Submit(std::span<const ReadRange> ranges) override {
    for (const ReadRange& range : ranges) counters_.Add(range.size_bytes);
    return std::make_unique<ComputedRows>(*inputs_, ranges);
  }
  int64_t size_bytes() const override { return inputs_->geometry().table_bytes(); }
  const std::string& path() const override { return path_; }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  std::shared_ptr<const FinishedInputs> inputs_;
  std::string path_;
  AtomicIoCounters counters_;
};

}  // namespace

int64_t TextIds(const Gemma3nConfig& config) {
  int64_t ids = std::min(config.text.vocab_size, config.text.vocab_size_per_layer_input);
  if (config.vision) ids = std::min({ids, config.vision->vocab_offset, config.special.image});
  if (config.audio) ids = std::min({ids, config.audio->vocab_offset, config.special.audio});
  return ids;
}

std::vector<std::string> TensorsOfFinishedInputs(const Gemma3nConfig& config) {
  std::vector<std::string> names;
  for (const char* name : {"embed_tokens.weight", "per_layer_model_projection.weight",
                           "per_layer_projection_norm.weight", kTable}) {
    names.push_back(TextPrefix(config) + name);
  }
  return names;
}

FinishedInputs::FinishedInputs(const Checkpoint& checkpoint)
    : checkpoint_(checkpoint), stored_(checkpoint.ple_table().geometry), geometry_(FoldedGeometry(stored_)) {
  const Gemma3nConfig& config = checkpoint.config();
  geometry_.vocab = TextIds(config);
  std::vector<std::string> names = TensorsOfFinishedInputs(config);
  std::erase(names, TextPrefix(config) + kTable);
  text_ = LoadTextWeights(checkpoint, {.dtype = DType::kFloat32}, [&](const TensorSpec& spec) {
    return std::ranges::find(names, spec.name) != names.end();
  });
  projections_ = SplitByLayer(text_.per_layer_model_projection, config.text.hidden_size_per_layer_input);
}

torch::Tensor FinishedInputs::Compute(std::span<const int64_t> ids) const {
  const at::NoGradGuard no_grad;
  const TextConfig& c = checkpoint_.config().text;
  const LayerList none;
  const TextModel model{c, text_, none};
  const int64_t n = std::ssize(ids);
  const torch::Tensor embeds =
      EmbedTokens(torch::tensor(at::IntArrayRef(ids.data(), ids.size()), torch::kLong).unsqueeze(0), model);
  const PleRows rows = PleRows::FromTable(TableRows(ids), torch::arange(n).unsqueeze(0), geometry_.dim, -1);
  std::vector<torch::Tensor> layers;
  for (int64_t layer = 0; layer < geometry_.layers; ++layer) {
    layers.push_back(
        PerLayerInput(embeds, rows, layer, projections_[layer], text_.per_layer_projection_norm, c));
  }
  return torch::cat(layers, -1).squeeze(0).contiguous();
}

torch::Tensor FinishedInputs::TableRows(std::span<const int64_t> ids) const {
  const TensorInfo& info = *checkpoint_.Find(TextPrefix(checkpoint_.config()) + kTable);
  const torch::Tensor rows =
      torch::empty({std::ssize(ids), stored_.layers * stored_.dim}, TorchType(stored_.dtype));
  auto* to = static_cast<std::byte*>(rows.data_ptr());
  for (size_t begin = 0, end = 0; begin < ids.size(); begin = end) {
    for (end = begin + 1; end < ids.size() && ids[end] == ids[end - 1] + 1;) ++end;
    const std::span<std::byte> run(to + begin * stored_.row_bytes(), (end - begin) * stored_.row_bytes());
    checkpoint_.ReadRange(info, ids[begin] * stored_.row_bytes(), run);
  }
  return rows;
}

TableToPack FinishedInputsToPack(const Checkpoint& checkpoint) {
  if (checkpoint.has_packed_table()) {
    throw UserError("{}: the table is packed already; pack the checkpoint that it was packed from",
                    checkpoint.directory());
  }
  const auto inputs = std::make_shared<const FinishedInputs>(checkpoint);
  return {.table = {.path = checkpoint.ple_table().path, .geometry = inputs->geometry()},
          .open = [inputs] { return std::make_unique<ComputedFile>(inputs); }};
}

}  // namespace plelab
