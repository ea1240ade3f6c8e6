// A file that is open for reading.
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
  int64_t found = 0;  // bytes read; fewer than requested at the end of the file or after an error
  int error = 0;      // errno; 0 when the read was complete or the file ended
};

// Thrown by reads.  The message names the file, the offset, the bytes expected and found, and the reason.
class ReadError : public RunError {
 public:
  ReadError(std::string_view path, int64_t offset, int64_t expected, int64_t found, std::string_view why)
      : RunError("{}: read at offset {}: expected {} bytes, found {}: {}", path, offset, expected, found,
                 why),
        failed_at_(offset + found) {}
  // Offset of the first byte that could not be read.
  int64_t failed_at() const { return failed_at_; }

 private:
  int64_t failed_at_;
};

// What `path` leads to where that is neither nothing nor a regular file: "a folder", "a FIFO (named pipe)",
// "a device", "a socket".  Otherwise empty.
std::string SpecialFileKind(const std::string& path);
// Throws UserError for a special file that is to be read: a FIFO would keep its reader waiting, and a device
// need not end.  FileDescriptor refuses them itself; whoever opens a user's file in another way calls this
// first.
void RefuseSpecialInput(const std::string& path);
// Throws UserError for a special file that is to be written: it is nobody's to replace, not even with
// --force.
void RefuseSpecialOutput(const std::string& path);

// Owns the descriptor and closes it on destruction.
class FileDescriptor {
 public:
  // Opens `path` with O_RDONLY | O_CLOEXEC | extra_flags.  Throws UserError when it cannot be opened or is
  // not a regular file.
  FileDescriptor(std::string path, ReadAhead read_ahead, int extra_flags = 0);
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  // Fills `out` with the bytes from `offset` on (pread).  Thread-safe.  Throws ReadError when the file ends
  // early or cannot be read.
  void Read(int64_t offset, std::span<std::byte> out) const;
  // As Read, but returns how many bytes were read instead of throwing.
  ReadResult TryRead(int64_t offset, std::span<std::byte> out) const;
  // The exception for a read of `expected` bytes that ended with `result`.
  ReadError ShortRead(int64_t offset, int64_t expected, ReadResult result) const;

  int get() const { return fd_; }
  const std::string& path() const { return path_; }
  int64_t size_bytes() const { return size_bytes_; }  // when the file was opened
  // The size that the file system reports now, or −1 when it reports an error.
  int64_t size_now() const;

 private:
  std::string path_;
  int fd_ = -1;
  int64_t size_bytes_ = 0;
};

// False for a range that no file can hold: a negative offset, or an end beyond int64.
bool IsFileRange(int64_t offset, int64_t size_bytes);

// Repeats short and interrupted reads until `out` is full, the file ends or an error occurs.
// read_at(void* to, size_t size, int64_t offset) returns the bytes read, or −1 and sets errno: ::pread, or a
// test's substitute.
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
