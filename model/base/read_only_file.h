// A file of weights, opened once and read in large pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace plelab {

class ReadOnlyFile {
 public:
  // Throws UserError when it cannot be opened or is not a regular file.
  explicit ReadOnlyFile(std::string path);
  ~ReadOnlyFile();
  ReadOnlyFile(const ReadOnlyFile&) = delete;
  ReadOnlyFile& operator=(const ReadOnlyFile&) = delete;

  // Fills `out` from `offset` on (pread).  Thread-safe.
  // Throws RunError naming file, offset, bytes expected and found when the file ends early or cannot be read.
  void Read(int64_t offset, std::span<std::byte> out) const;
  const std::string& path() const { return path_; }
  int64_t size_bytes() const { return size_bytes_; }  // when it was opened

 private:
  std::string path_;
  int fd_ = -1;
  int64_t size_bytes_ = 0;
};

}  // namespace plelab
