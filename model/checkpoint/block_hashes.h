// Hashes of the mebibytes of a table, kept beside it, by which a file that was cut or damaged is recognised
// without reading all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/base/file_descriptor.h"
#include "model/ple/ple_table.h"

namespace plelab {

inline constexpr int64_t kHashedBlockBytes = 1 << 20;
inline constexpr int64_t kBlockHashBytes = 32;  // SHA-256

// How many blocks so many bytes have; the last one may be shorter.
inline int64_t HashedBlocks(int64_t bytes) { return (bytes + kHashedBlockBytes - 1) / kHashedBlockBytes; }

// Hashes the blocks of bytes that arrive piece by piece.
class BlockHasher {
 public:
  void Update(std::span<const std::byte> bytes);
  // [blocks, 32].  The object must not be used afterwards.
  std::vector<std::byte> Finish();

 private:
  void EndBlock();

  std::vector<std::byte> block_;  // the one that is not full yet
  std::vector<std::byte> hashes_;
};

// How many blocks are looked at in each of `parts` parts of a table.
int64_t BlocksToLookAt(TableCheck check, int64_t parts = 1);

// Whether bytes [begin, begin + size) of a file have the hashes that lie at `hashes_at` of it: of at most
// `most_blocks` of them, spread evenly.  Throws ReadError.
bool HashesAreRight(const FileDescriptor& file, int64_t begin, int64_t size, int64_t hashes_at,
                    int64_t most_blocks);

}  // namespace plelab
