#include "model/text/folded/folded_file.h"

#include <algorithm>
#include <filesystem>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/checkpoint/block_hashes.h"
#include "model/checkpoint/safetensors.h"

namespace plelab {
namespace {

constexpr char kTensor[] = "ple_folded", kHashes[] = "sha256", kMadeFrom[] = "made_from";
std::vector<TensorInfo> TensorsOf(const PleTable& table) {
  const PleGeometry& g = table.geometry;
  return {{kTensor, g.dtype, {g.vocab, g.layers * g.dim}, table.path},
          {kHashes, DType::kUInt8, {HashedBlocks(g.table_bytes()), kBlockHashBytes}, table.path}};
}

}  // namespace

bool FindFolded(PleTable& table, const std::string& made_from, TableCheck check) {
  RefuseSpecialInput(table.path);
  if (!std::filesystem::exists(table.path)) return false;
  try {
    const FileDescriptor file(table.path, ReadAhead::kOff);
    const SafetensorsHeader header = ReadSafetensorsHeader(file);
    const auto found = header.metadata.find(kMadeFrom);
    if (found == header.metadata.end() || found->second != made_from) return false;
    const std::vector<TensorInfo> expected = TensorsOf(table);
    const auto same = [](const TensorInfo& a, const TensorInfo& b) {
      return a.name == b.name && a.dtype == b.dtype && a.shape == b.shape;
    };
    if (!std::ranges::equal(header.tensors, expected, same)) return false;
    const TensorInfo &rows = header.tensors[0], &hashes = header.tensors[1];
    if (!HashesAreRight(file, rows.offset_bytes, rows.size_bytes, hashes.offset_bytes, BlocksToLookAt(check)))
      return false;
    table.offset_bytes = rows.offset_bytes;
    return true;
  } catch (const UserError&) {
    return false;  // damaged: it is made again
  }
}

bool IsFoldedFile(const std::string& path) {
  try {
    const SafetensorsHeader header = ReadSafetensorsHeader(FileDescriptor(path, ReadAhead::kOff));
    return header.metadata.contains(kMadeFrom) && !header.tensors.empty() &&
           header.tensors[0].name == kTensor;
  } catch (const UserError&) {
    return false;
  }
}

FoldedWriter::FoldedWriter(const PleTable& table, const std::string& made_from,
                           const std::string& weights_label)
    : file_(table.path), table_bytes_(table.geometry.table_bytes()) {
  std::vector<TensorInfo> infos = TensorsOf(table);
  const std::string header =
      MakeSafetensorsHeader(infos, {{kMadeFrom, made_from}, {"weights", weights_label}});
  file_.Write(0, std::as_bytes(std::span(header)));
  end_bytes_ = infos[0].offset_bytes;
}

void FoldedWriter::Append(std::span<const std::byte> rows) {
  file_.Write(end_bytes_, rows);
  end_bytes_ += std::ssize(rows);
  written_ += std::ssize(rows);
  hasher_.Update(rows);
}

void FoldedWriter::Commit() {
  if (written_ != table_bytes_) {
    throw RunError("a folded table of {} bytes got {}", table_bytes_, written_);
  }
  file_.Write(end_bytes_, hasher_.Finish());
  file_.Commit();
}

}  // namespace plelab
