#include "model/checkpoint/block_hashes.h"

#include <algorithm>
#include <limits>
#include <string>

#include "model/base/sha256.h"

namespace plelab {
namespace {

constexpr int64_t kSampledBlocks = 64;

std::vector<std::byte> HashOfBlock(std::span<const std::byte> block) {
  const std::string hex = Sha256Hex(block);
  std::vector<std::byte> hash;
  for (size_t i = 0; i < hex.size(); i += 2) {
    hash.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return hash;
}

// Evenly spread numbers of blocks, with the first and the last.
std::vector<int64_t> BlocksToCheck(int64_t blocks, int64_t most_blocks) {
  const int64_t count = std::min(blocks, most_blocks);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i) chosen.push_back(count == 1 ? 0 : i * (blocks - 1) / (count - 1));
  return chosen;
}

}  // namespace

void BlockHasher::Update(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t room = static_cast<size_t>(kHashedBlockBytes) - block_.size();
    const auto some = bytes.first(std::min(room, bytes.size()));
    block_.insert(block_.end(), some.begin(), some.end());
    bytes = bytes.subspan(some.size());
    if (std::ssize(block_) == kHashedBlockBytes) EndBlock();
  }
}

std::vector<std::byte> BlockHasher::Finish() {
  if (!block_.empty()) EndBlock();
  return std::move(hashes_);
}

void BlockHasher::EndBlock() {
  const std::vector<std::byte> hash = HashOfBlock(block_);
  hashes_.insert(hashes_.end(), hash.begin(), hash.end());
  block_.clear();
}

int64_t BlocksToLookAt(TableCheck check, int64_t parts) {
  if (check == TableCheck::kFull) return std::numeric_limits<int64_t>::max();
  return std::max<int64_t>(kSampledBlocks / parts, 1);
}

bool HashesAreRight(const FileDescriptor& file, int64_t begin, int64_t size, int64_t hashes_at,
                    int64_t most_blocks) {
  std::vector<std::byte> block, expected(kBlockHashBytes);
  for (const int64_t index : BlocksToCheck(HashedBlocks(size), most_blocks)) {
    const int64_t at = index * kHashedBlockBytes;
    block.resize(static_cast<size_t>(std::min(kHashedBlockBytes, size - at)));
    file.Read(begin + at, block);
    file.Read(hashes_at + index * kBlockHashBytes, expected);
    if (HashOfBlock(block) != expected) return false;
  }
  return true;
}

}  // namespace plelab
