#include "model/base/read_only_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "model/base/error.h"

namespace plelab {

ReadOnlyFile::ReadOnlyFile(std::string path) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0)
    throw UserError("{}: cannot be opened ({}); expected a readable file", path_, std::strerror(errno));
  struct stat info {};
  const bool regular = ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
  if (!regular) {
    ::close(fd_);
    throw UserError("{}: expected a regular file, found something else", path_);
  }
  size_bytes_ = info.st_size;
  // No read-ahead: our reads are large already, and what follows a tensor may be a tower that nobody wants in
  // the page cache.  A hint; a file system that does not take it reads as well.
  ::posix_fadvise(fd_, 0, 0, POSIX_FADV_RANDOM);
}

ReadOnlyFile::~ReadOnlyFile() { ::close(fd_); }

void ReadOnlyFile::Read(int64_t offset, std::span<std::byte> out) const {
  constexpr size_t kMostPerCall = size_t{1} << 30;  // Linux moves at most 2 GiB − 4 KiB in one call
  size_t done = 0;
  while (done < out.size()) {
    const size_t wanted = std::min(out.size() - done, kMostPerCall);
    const ssize_t got = ::pread(fd_, out.data() + done, wanted, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw RunError("{}: reading {} bytes at offset {} failed: {}", path_, out.size(), offset,
                     std::strerror(errno));
    }
    if (got == 0) {
      throw RunError("{}: expected {} bytes at offset {}, found {}; the file shrank since it was opened",
                     path_, out.size(), offset, done);
    }
    done += static_cast<size_t>(got);
  }
}

}  // namespace plelab
