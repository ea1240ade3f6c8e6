// Measures how long the reads of one token take on real storage.
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
  int64_t bytes_moved = 0;  // by the devices, or kBytesUnknown (harness/storage/kernel_reads.h)
};

// Times reads on a file that stands for files of any size.  Ranges of up to kReadPieceBytes lie at random
// multiples of their size, as rows of a table do; larger ranges are read in consecutive pieces, starting over
// at the end of the file.  Up to `readers` reads are in flight at once; when a token needs only one read, the
// calling thread performs it.
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
  int64_t cursor_ = 0;  // offset of the next piece of a large range
};

}  // namespace plelab
