#include "model/text/folded_file.h"

#include <algorithm>
#include <filesystem>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/sha256.h"
#include "model/checkpoint/safetensors.h"

namespace plelab {
namespace {

constexpr char kTensor[] = "ple_folded", kHashes[] = "sha256", kMadeFrom[] = "made_from";
constexpr int64_t kBlockBytes = 1 << 20;
constexpr int64_t kSampledBlocks = 64;
constexpr int64_t kHashBytes = 32;

int64_t BlocksOf(int64_t table_bytes) { return (table_bytes + kBlockBytes - 1) / kBlockBytes; }

std::vector<TensorInfo> TensorsOf(const PleTable& table) {
  const PleGeometry& g = table.geometry;
  return {{kTensor, g.dtype, {g.vocab, g.layers * g.dim}, table.path},
          {kHashes, DType::kUInt8, {BlocksOf(g.table_bytes()), kHashBytes}, table.path}};
}

std::vector<std::byte> HashOf(std::span<const std::byte> block) {
  const std::string hex = Sha256Hex(block);
  std::vector<std::byte> hash;
  for (size_t i = 0; i < hex.size(); i += 2) {
    hash.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return hash;
}

// The blocks to look at: all of them, or some that include the first and the last.
std::vector<int64_t> BlocksToCheck(int64_t blocks, FoldedCheck check) {
  const int64_t count = check == FoldedCheck::kFull ? blocks : std::min(blocks, kSampledBlocks);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i) chosen.push_back(count == 1 ? 0 : i * (blocks - 1) / (count - 1));
  return chosen;
}

bool HashesAreRight(const FileDescriptor& file, const TensorInfo& rows, const TensorInfo& hashes,
                    FoldedCheck check) {
  std::vector<std::byte> block, expected(kHashBytes);
  for (const int64_t index : BlocksToCheck(BlocksOf(rows.size_bytes), check)) {
    const int64_t begin = index * kBlockBytes;
    block.resize(static_cast<size_t>(std::min(kBlockBytes, rows.size_bytes - begin)));
    file.Read(rows.offset_bytes + begin, block);
    file.Read(hashes.offset_bytes + index * kHashBytes, expected);
    if (HashOf(block) != expected) return false;
  }
  return true;
}

}  // namespace

bool FindFolded(PleTable& table, const std::string& made_from, FoldedCheck check) {
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
    if (!HashesAreRight(file, header.tensors[0], header.tensors[1], check)) return false;
    table.offset_bytes = header.tensors[0].offset_bytes;
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
  while (!rows.empty()) {
    const size_t room = static_cast<size_t>(kBlockBytes) - block_.size();
    const auto some = rows.first(std::min(room, rows.size()));
    block_.insert(block_.end(), some.begin(), some.end());
    rows = rows.subspan(some.size());
    if (std::ssize(block_) == kBlockBytes) EndBlock();
  }
}

void FoldedWriter::EndBlock() {
  const std::vector<std::byte> hash = HashOf(block_);
  hashes_.insert(hashes_.end(), hash.begin(), hash.end());
  block_.clear();
}

void FoldedWriter::Commit() {
  if (written_ != table_bytes_) {
    throw RunError("a folded table of {} bytes got {}", table_bytes_, written_);
  }
  if (!block_.empty()) EndBlock();
  file_.Write(end_bytes_, hashes_);
  file_.Commit();
}

}  // namespace plelab
