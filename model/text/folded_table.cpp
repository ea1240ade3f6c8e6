#include "model/text/folded_table.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <span>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/catalog/load_weights.h"
#include "model/ple/sources/folded_ple.h"
#include "model/text/per_layer_input.h"
#include "model/text/text_model.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace fs = std::filesystem;
namespace {

constexpr char kTensor[] = "ple_folded";
constexpr char kMadeFrom[] = "made_from";
constexpr int64_t kIdsAtOnce = 1024;

// Ids below this one are embedded by embed_tokens and have a row of their own in the PLE table.
int64_t TextIds(const Gemma3nConfig& config) {
  int64_t ids = std::min(config.text.vocab_size, config.text.vocab_size_per_layer_input);
  if (config.vision) ids = std::min({ids, config.vision->vocab_offset, config.special.image});
  if (config.audio) ids = std::min({ids, config.audio->vocab_offset, config.special.audio});
  return ids;
}

// Names the weights by the metadata of the checkpoint's files, without reading any of them.
std::string MadeFrom(const Checkpoint& checkpoint) {
  std::string text = checkpoint.fingerprint();
  std::string last;
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (info.file == last) continue;
    last = info.file;
    text += Format(" {}", fs::last_write_time(info.file).time_since_epoch().count());
  }
  return text;
}

TensorInfo FoldedInfo(const PleGeometry& g, const std::string& path) {
  return {kTensor, g.dtype, {g.vocab, g.layers * g.dim}, path};
}

// Finds an existing folded table, if it was made from these weights.
bool FindFolded(PleTable& table, const std::string& made_from) {
  if (!fs::exists(table.path)) return false;
  try {
    const SafetensorsHeader header = ReadSafetensorsHeader(FileDescriptor(table.path, ReadAhead::kOff));
    const auto found = header.metadata.find(kMadeFrom);
    if (found == header.metadata.end() || found->second != made_from || header.tensors.size() != 1)
      return false;
    table.offset_bytes = header.tensors[0].offset_bytes;
    return header.tensors[0].shape == FoldedInfo(table.geometry, table.path).shape;
  } catch (const UserError&) {
    return false;  // damaged: it is made again
  }
}

// The weights that the fold needs, in float32.
struct FoldWeights {
  TextWeights text;
  std::vector<LinearWeight> projections;  // [layers]
};

FoldWeights LoadFoldWeights(const Checkpoint& checkpoint) {
  const TextConfig& c = checkpoint.config().text;
  const std::string prefix = TextPrefix(checkpoint.config());
  const std::set<std::string> wanted = {prefix + "embed_tokens.weight",
                                        prefix + "per_layer_model_projection.weight",
                                        prefix + "per_layer_projection_norm.weight"};
  FoldWeights weights;
  weights.text = LoadTextWeights(checkpoint, {.dtype = DType::kFloat32},
                                 [&](const TensorSpec& spec) { return wanted.count(spec.name) > 0; });
  weights.projections = SplitByLayer(weights.text.per_layer_model_projection, c.hidden_size_per_layer_input);
  return weights;
}

class Folder {
 public:
  Folder(const Checkpoint& checkpoint, const PleTable& rows)
      : checkpoint_(checkpoint), rows_(rows), weights_(LoadFoldWeights(checkpoint)) {}

  // The finished inputs of ids first … first + count − 1: [count, layers · ple_dim] float32.
  torch::Tensor Fold(int64_t first, int64_t count) const {
    const at::NoGradGuard no_grad;
    const TextConfig& c = checkpoint_.config().text;
    const LayerList none;
    const TextModel model{c, weights_.text, none};
    const torch::Tensor ids = torch::arange(first, first + count).unsqueeze(0);
    const torch::Tensor embeds = EmbedTokens(ids, model);
    const PleRows rows = PleRows::FromTable(TableRows(first, count), ids - first, rows_.geometry.dim, -1);
    std::vector<torch::Tensor> layers;
    for (int64_t layer = 0; layer < rows_.geometry.layers; ++layer) {
      layers.push_back(PerLayerInput(embeds, rows, layer, weights_.projections[layer],
                                     weights_.text.per_layer_projection_norm, c));
    }
    return torch::cat(layers, -1).squeeze(0).contiguous();
  }

 private:
  torch::Tensor TableRows(int64_t first, int64_t count) const {
    const PleGeometry& g = rows_.geometry;
    const torch::Tensor rows = torch::empty({count, g.layers * g.dim}, TorchType(g.dtype));
    const TensorInfo& info =
        *checkpoint_.Find(TextPrefix(checkpoint_.config()) + "embed_tokens_per_layer.weight");
    checkpoint_.ReadRange(info, first * g.row_bytes(),
                          {static_cast<std::byte*>(rows.data_ptr()), rows.nbytes()});
    return rows;
  }

  const Checkpoint& checkpoint_;
  const PleTable& rows_;
  FoldWeights weights_;
};

void CheckRoom(const PleTable& table) {
  const fs::path folder = fs::path(table.path).parent_path();
  const auto available = static_cast<int64_t>(fs::space(folder).available);
  if (available >= table.geometry.table_bytes()) return;
  throw UserError(
      "{}: `folded` needs {} bytes there for finished inputs, but {} are free; use another strategy, or copy "
      "the checkpoint to a larger disk",
      table.path, table.geometry.table_bytes(), available);
}

void WriteFolded(const Checkpoint& checkpoint, const PleTable& rows, PleTable& table,
                 const std::string& made_from, const FoldProgress& progress) {
  CheckRoom(table);
  const Folder folder(checkpoint, rows);
  std::vector<TensorInfo> infos = {FoldedInfo(table.geometry, table.path)};
  const std::string header =
      MakeSafetensorsHeader(infos, {{kMadeFrom, made_from}, {"weights", checkpoint.weights_label()}});
  table.offset_bytes = infos[0].offset_bytes;
  OutputFile file(table.path);
  file.Write(0, std::as_bytes(std::span(header)));
  for (int64_t id = 0; id < table.geometry.vocab; id += kIdsAtOnce) {
    const int64_t count = std::min(kIdsAtOnce, table.geometry.vocab - id);
    const torch::Tensor folded = folder.Fold(id, count);
    file.Write(table.offset_bytes + id * table.geometry.row_bytes(),
               {static_cast<const std::byte*>(folded.const_data_ptr()), folded.nbytes()});
    if (progress) progress((id + count) * table.geometry.row_bytes(), table.geometry.table_bytes());
  }
  file.Commit();
}

}  // namespace

std::string FoldedPath(const Checkpoint& checkpoint) {
  return checkpoint.directory() + "/ple_folded.safetensors";
}

PleTable TableFor(const PleOptions& options, const Checkpoint& checkpoint, const FoldProgress& progress) {
  PleTable rows = checkpoint.ple_table();
  if (!ReadsFoldedTable(options)) return rows;
  PleTable table{.path = FoldedPath(checkpoint), .geometry = FoldedGeometry(rows.geometry)};
  table.geometry.vocab = TextIds(checkpoint.config());
  const std::string made_from = MadeFrom(checkpoint);
  if (!FindFolded(table, made_from)) WriteFolded(checkpoint, rows, table, made_from, progress);
  rows.folded = std::make_shared<const PleTable>(std::move(table));
  return rows;
}

}  // namespace plelab
