// A file of random bytes that stands for a table which is not at hand.
//
// The bytes are a pure function of seed and offset.  A file of any length is therefore the start of any
// longer one: it serves every geometry, is kept for the next run, and grows when more is needed.  They are
// written for real, because devices answer holes and unwritten space from nothing, and some compress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace plelab {

// Fills `out` with the bytes that such a file has from `offset` on.  REQUIRES multiples of 8 bytes.
void FillRandom(uint64_t seed, int64_t offset, std::span<std::byte> out);

struct RandomFile {
  std::string path = {};
  int64_t size_bytes = 0;
  uint64_t seed = 0;
  int64_t written_bytes = 0;     // of these, in this run
  std::string cut_because = {};  // why it is shorter than was wanted; empty: it is not
};

struct RandomFileRequest {
  std::string folder = {};
  int64_t wanted_bytes = 0;  // a multiple of 8
  uint64_t seed = 0;
  double most_seconds = 0;  // writing stops after it, but not before `least_bytes`; 0: no limit
  int64_t least_bytes = 0;
  std::function<void(int64_t bytes)> progress = {};  // bytes in the file so far
};

// Makes the file, or lengthens the one that is there.  Shorter than wanted where the disk or the time does
// not allow more: a fifth of what is free stays free. Throws UserError for a folder in memory (tmpfs), for a
// file that holds other bytes, and when not even least_bytes fit; RunError when it cannot be written.
RandomFile MakeRandomFile(const RandomFileRequest& request);
// Where MakeRandomFile puts its file.
std::string RandomFilePath(const std::string& folder, uint64_t seed);

// How long the file may become, given its present size and what is free beside it.
int64_t MostBytes(int64_t present_bytes, int64_t free_bytes);

}  // namespace plelab
