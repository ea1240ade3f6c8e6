#include "model/text/folded/folded_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/base/sha256.h"
#include "model/checkpoint/packed_table.h"
#include "model/checkpoint/weights_identity.h"
#include "model/packing/table_of_folder.h"
#include "model/ple/sources/folded_ple.h"
#include "model/text/folded/finished_inputs.h"
#include "model/text/folded/folded_file.h"

namespace plelab {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kIdsBetweenReports = 1024;

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
  for (const std::string& name : TensorsOfFinishedInputs(checkpoint.config())) {
    const auto stored = checkpoint.Stored(name);
    if (stored.empty()) throw UserError("{}: tensor '{}' is missing", checkpoint.directory(), name);
    for (const TensorInfo* info : stored) {
      hash.Update(Format(" {}", fs::last_write_time(info->file).time_since_epoch().count()));
      AddSample(hash, checkpoint, *info);
    }
  }
  return hash.Hex();
}

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

void Write(const Checkpoint& checkpoint, const PleTable& table, const std::string& made_from,
           const FoldProgress& progress) {
  const FinishedInputs inputs(checkpoint);
  FoldedWriter writer(table, made_from, checkpoint.weights_label());
  for (int64_t id = 0; id < table.geometry.vocab; id += kIdsBetweenReports) {
    std::vector<int64_t> ids(static_cast<size_t>(std::min(kIdsBetweenReports, table.geometry.vocab - id)));
    std::iota(ids.begin(), ids.end(), id);
    const torch::Tensor rows = inputs.Compute(ids);
    writer.Append({static_cast<const std::byte*>(rows.const_data_ptr()), rows.nbytes()});
    if (progress) progress((id + std::ssize(ids)) * table.geometry.row_bytes(), table.geometry.table_bytes());
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

std::shared_ptr<const PleTable> PackedFolded(const PleOptions& options, const Checkpoint& checkpoint) {
  const std::string path = FoldedPath(options, checkpoint);
  if (!IsPackedTable(path)) return nullptr;
  return std::make_shared<const PleTable>(
      OpenPackedTable(path, PackedKind::kFolded, WeightsIdentity(checkpoint, PackedKind::kFolded),
                      FinishedGeometry(checkpoint), options.Get<FoldedOptions>().verify));
}

PleTable TableThere(const PleOptions& options, const Checkpoint& checkpoint) {
  PleTable table = TableOfFolder(options.table, checkpoint);
  if (ReadsFoldedTable(options)) table.folded = PackedFolded(options, checkpoint);
  return table;
}

PleTable TableFor(const PleOptions& options, const Checkpoint& checkpoint, const FoldProgress& progress) {
  PleTable rows = TableThere(options, checkpoint);
  if (!ReadsFoldedTable(options) || rows.folded) return rows;
  if (checkpoint.Find(checkpoint.ple_tensor()) == nullptr) {
    throw UserError(
        "{}: 'folded' needs the table as published or a packed one of finished inputs; pack it with "
        "--ple-folded",
        checkpoint.directory());
  }
  PleTable table{.path = FoldedPath(options, checkpoint), .geometry = FinishedGeometry(checkpoint)};
  const std::string made_from = MadeFrom(checkpoint);
  const TableCheck check = options.Get<FoldedOptions>().verify;
  if (!FindFolded(table, made_from, check)) {
    CheckPlace(table, !options.Get<FoldedOptions>().file.empty());
    const FileLock lock = LockWeights(rows, table, progress);
    // Whoever held the lock before may have written it.
    if (!FindFolded(table, made_from, check)) {
      Write(checkpoint, table, made_from, progress);
      if (!FindFolded(table, made_from, check))
        throw RunError("{}: is not what was written there", table.path);
    }
  }
  rows.folded = std::make_shared<const PleTable>(std::move(table));
  return rows;
}

}  // namespace plelab
