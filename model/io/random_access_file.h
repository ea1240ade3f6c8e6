// Reads at offsets, counted.  The one place where the bytes of a PLE table on storage come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace plelab {

enum class IoBackend { kPread, kDirect, kMmap };

// Cumulative.  bytes_moved ≥ bytes_asked: a direct read moves whole aligned blocks.
struct IoCounters {
  int64_t read_calls = 0;
  int64_t bytes_asked = 0;
  int64_t bytes_moved = 0;
};

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Fills `out` with the bytes from `offset` on.  Thread-safe.
  // Throws RunError naming file, offset, bytes expected and found when the file ends early, shrank or cannot be read.
  virtual void Read(int64_t offset, std::span<std::byte> out) = 0;
  virtual int64_t size_bytes() const = 0;
  virtual const std::string& path() const = 0;
  virtual IoCounters counters() const = 0;
};

// Throws UserError when the file cannot be opened (or, kDirect, when its file system refuses O_DIRECT).
std::unique_ptr<RandomAccessFile> OpenRandomAccessFile(const std::string& path, IoBackend backend);

}  // namespace plelab
