// An open file for reading, closed when it goes.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/base/error.h"

namespace plelab {

// Whether the kernel may bring what follows a read into the page cache.
enum class ReadAhead { kOn, kOff };

struct ReadResult {
  int64_t found = 0;  // bytes; fewer than asked at the end of the file or after an error
  int error = 0;      // errno, 0 at the end of the file
};

// What a read throws: names file, offset, bytes expected and found, and why no more came.
class ReadError : public RunError {
 public:
  ReadError(std::string_view path, int64_t offset, int64_t expected, int64_t found, std::string_view why)
      : RunError("{}: read at offset {}: expected {} bytes, found {}: {}", path, offset, expected, found,
                 why),
        failed_at_(offset + found) {}
  // Offset of the first byte that did not come.
  int64_t failed_at() const { return failed_at_; }

 private:
  int64_t failed_at_;
};

class FileDescriptor {
 public:
  // `extra_flags` beside O_RDONLY | O_CLOEXEC.  Throws UserError when `path` cannot be opened or is not a
  // regular file.
  FileDescriptor(std::string path, ReadAhead read_ahead, int extra_flags = 0);
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  // Fills `out` from `offset` on (pread).  Thread-safe.  Throws ReadError when the file ends early or cannot
  // be read.
  void Read(int64_t offset, std::span<std::byte> out) const;
  // The same, but says how far it came instead of throwing.
  ReadResult TryRead(int64_t offset, std::span<std::byte> out) const;
  // The error of a read that ended with `result`.
  ReadError ShortRead(int64_t offset, int64_t expected, ReadResult result) const;

  int get() const { return fd_; }
  const std::string& path() const { return path_; }
  int64_t size_bytes() const { return size_bytes_; }  // when it was opened
  // What the file system says now; −1 when it does not answer.
  int64_t size_now() const;

 private:
  std::string path_;
  int fd_ = -1;
  int64_t size_bytes_ = 0;
};

// False for a range that no file can hold: a negative offset, or an end beyond int64.
bool IsFileRange(int64_t offset, int64_t size_bytes);

// Reads again after short and interrupted reads until everything is there.
// read_at(void* to, size_t size, int64_t offset) → bytes, or −1 with errno: ::pread, or a test's.
template <class ReadAt>
ReadResult ReadFully(int64_t offset, std::span<std::byte> out, ReadAt read_at) {
  constexpr size_t kMostPerCall = size_t{1} << 30;  // Linux moves at most 2 GiB − 4 KiB in one call
  ReadResult result;
  while (result.found < static_cast<int64_t>(out.size())) {
    const size_t wanted = std::min(out.size() - static_cast<size_t>(result.found), kMostPerCall);
    const ssize_t got = read_at(out.data() + result.found, wanted, offset + result.found);
    if (got > 0) {
      result.found += got;
    } else if (got == 0) {
      break;
    } else if (errno != EINTR) {
      result.error = errno;
      break;
    }
  }
  return result;
}

}  // namespace plelab
