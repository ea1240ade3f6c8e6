// How long the reads of one token take on real storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "harness/measure/token_reads.h"
#include "model/io/random_access_file.h"

namespace plelab {

inline constexpr int64_t kReadPieceBytes = int64_t{1} << 20;

struct TokenTime {
  int64_t ns = 0;
  int64_t read_calls = 0;
  int64_t bytes_moved = 0;  // alignment included
};

// The file stands for one of any size.  Ranges of up to kReadPieceBytes lie at random multiples of their
// size, as rows of a table do; larger ones are read in pieces, round and round.  Up to `readers` reads are
// under way at once; a single one is made by the calling thread.
class ReadTimer {
 public:
  // REQUIRES file.size_bytes() ≥ kReadPieceBytes and readers ≥ 1.
  ReadTimer(RandomAccessFile& file, int64_t readers, uint64_t seed);
  // Throws ReadError.
  TokenTime TimeToken(const TokenReads& token);

 private:
  struct Piece {
    int64_t offset, bytes;
  };
  using Buffer = std::vector<std::byte>;
  void PlaceRange(int64_t bytes, std::vector<Piece>& pieces);
  void ReadPiece(const Piece& piece, Buffer& buffer);
  int64_t ReadTogetherNs(const std::vector<Piece>& pieces);

  RandomAccessFile& file_;
  std::vector<Buffer> buffers_;  // one per reader
  std::mt19937_64 random_;
  int64_t cursor_ = 0;  // where the next piece of a large range begins
};

}  // namespace plelab
