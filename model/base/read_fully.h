// Reads again after short and interrupted reads until everything is there.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace plelab {

struct ReadResult {
  int64_t found = 0;  // bytes; fewer than asked at the end of the file or after an error
  int error = 0;      // errno, 0 at the end of the file
};

// read_at(void* to, size_t size, int64_t offset) → bytes, or −1 with errno: ::pread, or a test's.
template <class ReadAt>
ReadResult ReadFully(int64_t offset, std::span<std::byte> out, ReadAt read_at) {
  ReadResult result;
  while (result.found < static_cast<int64_t>(out.size())) {
    const ssize_t got = read_at(out.data() + result.found, out.size() - result.found, offset + result.found);
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
