#include "model/text/folded_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/base/sha256.h"
#include "model/catalog/load_weights.h"
#include "model/checkpoint/packed_table.h"
#include "model/checkpoint/weights_identity.h"
#include "model/packing/table_of_folder.h"
#include "model/ple/sources/folded_ple.h"
#include "model/text/folded_file.h"
#include "model/text/per_layer_input.h"
#include "model/text/text_model.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kIdsAtOnce = 1024;

// Ids below this one are embedded by embed_tokens and have a row of their own in the PLE table.
int64_t TextIds(const Gemma3nConfig& config) {
  int64_t ids = std::min(config.text.vocab_size, config.text.vocab_size_per_layer_input);
  if (config.vision) ids = std::min({ids, config.vision->vocab_offset, config.special.image});
  if (config.audio) ids = std::min({ids, config.audio->vocab_offset, config.special.audio});
  return ids;
}

// The tensors from which finished inputs are computed.
std::vector<std::string> SourceTensors(const Gemma3nConfig& config) {
  std::vector<std::string> names;
  for (const char* name : {"embed_tokens.weight", "per_layer_model_projection.weight",
                           "per_layer_projection_norm.weight", "embed_tokens_per_layer.weight"}) {
    names.push_back(TextPrefix(config) + name);
  }
  return names;
}

// Hashes the tensor whole when it is small, else pieces of it that are spread evenly.
void AddSample(Sha256& hash, const Checkpoint& checkpoint, const TensorInfo& info) {
  constexpr int64_t kPieces = 64, kPieceBytes = 4096;
  const int64_t piece_bytes = info.size_bytes <= kPieces * kPieceBytes ? info.size_bytes : kPieceBytes;
  const int64_t pieces = piece_bytes == info.size_bytes ? 1 : kPieces;
  std::vector<std::byte> piece(static_cast<size_t>(piece_bytes));
  for (int64_t i = 0; i < pieces; ++i) {
    const int64_t offset = pieces == 1 ? 0 : (info.size_bytes - piece_bytes) / (pieces - 1) * i;
    checkpoint.ReadRange(info, offset, piece);
    hash.Update(piece);
  }
}

// Identifies the weights without reading all of them.  A file that is changed in place has another time; one
// that was put there with its old time has other bytes in the sample.
std::string MadeFrom(const Checkpoint& checkpoint) {
  Sha256 hash;
  hash.Update(checkpoint.fingerprint());
  for (const std::string& name : SourceTensors(checkpoint.config())) {
    const auto stored = checkpoint.Stored(name);
    if (stored.empty()) throw UserError("{}: tensor '{}' is missing", checkpoint.directory(), name);
    for (const TensorInfo* info : stored) {
      hash.Update(Format(" {}", fs::last_write_time(info->file).time_since_epoch().count()));
      AddSample(hash, checkpoint, *info);
    }
  }
  return hash.Hex();
}

// The weights that the fold needs, in float32.
struct FoldWeights {
  TextWeights text;
  std::vector<LinearWeight> projections;  // [layers]
};

FoldWeights LoadFoldWeights(const Checkpoint& checkpoint) {
  const TextConfig& c = checkpoint.config().text;
  std::vector<std::string> names = SourceTensors(checkpoint.config());
  names.pop_back();  // rows of the PLE table are read piece by piece
  FoldWeights weights;
  weights.text = LoadTextWeights(checkpoint, {.dtype = DType::kFloat32}, [&](const TensorSpec& spec) {
    return std::ranges::find(names, spec.name) != names.end();
  });
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

constexpr char kElsewhere[] =
    "name another place: --ple folded,file=PATH, or 'file: PATH' beside 'strategy: folded'";

// The folder must exist, or be made, and have room.  What the user named and is something else stays.
void CheckPlace(const PleTable& table, bool is_named) {
  if (is_named && fs::exists(table.path) && !IsFoldedFile(table.path)) {
    throw UserError("{}: exists and is not a complete table of finished inputs; remove it, or {}", table.path,
                    kElsewhere);
  }
  const fs::path folder = fs::absolute(table.path).parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && ::faccessat(AT_FDCWD, folder.c_str(), W_OK, AT_EACCESS) != 0) {
    error = {errno, std::generic_category()};
  }
  if (error) {
    throw UserError("{}: `folded` keeps finished inputs there, but its folder cannot be written ({}); {}",
                    table.path, error.message(), kElsewhere);
  }
  const auto available = static_cast<int64_t>(fs::space(folder).available);
  if (available >= table.geometry.table_bytes()) return;
  throw UserError("{}: `folded` needs {} bytes there for finished inputs, but {} are free; {}", table.path,
                  table.geometry.table_bytes(), available, kElsewhere);
}

void Write(const Checkpoint& checkpoint, const PleTable& rows, const PleTable& table,
           const std::string& made_from, const FoldProgress& progress) {
  const Folder folder(checkpoint, rows);
  FoldedWriter writer(table, made_from, checkpoint.weights_label());
  for (int64_t id = 0; id < table.geometry.vocab; id += kIdsAtOnce) {
    const int64_t count = std::min(kIdsAtOnce, table.geometry.vocab - id);
    const torch::Tensor folded = folder.Fold(id, count);
    writer.Append({static_cast<const std::byte*>(folded.const_data_ptr()), folded.nbytes()});
    if (progress) progress((id + count) * table.geometry.row_bytes(), table.geometry.table_bytes());
  }
  writer.Commit();
}

// The weights' own file is locked, which exists wherever the table is to be kept and may be read-only.
FileLock LockWeights(const PleTable& rows, const PleTable& table, const FoldProgress& progress) {
  while (true) {
    if (std::optional<FileLock> lock = FileLock::Try(rows.path)) return std::move(*lock);
    if (progress) progress(0, table.geometry.table_bytes());
    ::usleep(100'000);
  }
}

}  // namespace

std::string FoldedPath(const PleOptions& options, const Checkpoint& checkpoint) {
  const std::string& file = options.Get<FoldedOptions>().file;
  if (!file.empty()) return file;
  return (options.table.empty() ? checkpoint.directory() : options.table) + "/" +
         PackedFileName(PackedKind::kFolded);
}

namespace {

// Finished inputs that were packed, or nothing.
std::optional<PleTable> PackedFolded(const PleOptions& options, const std::string& path,
                                     const Checkpoint& checkpoint) {
  if (!IsPackedTable(path)) return std::nullopt;
  PleGeometry expected = checkpoint.ple_shape();
  expected.vocab = TextIds(checkpoint.config());
  return OpenPackedTable(path, PackedKind::kFolded, WeightsIdentity(checkpoint, PackedKind::kFolded),
                         expected, options.Get<FoldedOptions>().verify);
}

}  // namespace

PleTable TableFor(const PleOptions& options, const Checkpoint& checkpoint, const FoldProgress& progress) {
  PleTable rows = TableOfFolder(options.table, checkpoint);
  if (!ReadsFoldedTable(options)) return rows;
  if (auto packed = PackedFolded(options, FoldedPath(options, checkpoint), checkpoint)) {
    rows.folded = std::make_shared<const PleTable>(std::move(*packed));
    return rows;
  }
  if (checkpoint.Find(checkpoint.ple_tensor()) == nullptr) {
    throw UserError(
        "{}: 'folded' needs the table as published or a packed one of finished inputs; pack it with "
        "--ple-folded",
        checkpoint.directory());
  }
  PleTable table{.path = FoldedPath(options, checkpoint), .geometry = FoldedGeometry(rows.geometry)};
  table.geometry.vocab = TextIds(checkpoint.config());
  const std::string made_from = MadeFrom(checkpoint);
  const TableCheck check = options.Get<FoldedOptions>().verify;
  if (!FindFolded(table, made_from, check)) {
    CheckPlace(table, !options.Get<FoldedOptions>().file.empty());
    const FileLock lock = LockWeights(rows, table, progress);
    // Whoever held the lock before may have written it.
    if (!FindFolded(table, made_from, check)) {
      Write(checkpoint, rows, table, made_from, progress);
      if (!FindFolded(table, made_from, check))
        throw RunError("{}: is not what was written there", table.path);
    }
  }
  rows.folded = std::make_shared<const PleTable>(std::move(table));
  return rows;
}

}  // namespace plelab
