#include "model/base/file_descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <system_error>

#include "model/base/error.h"

namespace plelab {

FileDescriptor::FileDescriptor(const std::string& path, int extra_flags) : path_(path) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | extra_flags);
  if (fd_ < 0) {
    const int error = errno;
    const bool refused = (extra_flags & O_DIRECT) != 0 && error == EINVAL;
    throw UserError("{}: cannot be opened: {}{}", path, std::system_category().message(error),
                    refused ? "; its file system refuses O_DIRECT, use backend=pread" : "");
  }
  struct stat status = {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd_);
    throw UserError("{}: expected a regular file", path);
  }
  size_ = status.st_size;
}

FileDescriptor::~FileDescriptor() { ::close(fd_); }

int64_t FileDescriptor::size_now() const {
  struct stat status = {};
  return ::fstat(fd_, &status) == 0 ? static_cast<int64_t>(status.st_size) : -1;
}

std::string FileDescriptor::WhyShort(int error) const {
  if (error != 0) return std::system_category().message(error);
  return Format("the file ends at byte {} (at {} when it was opened)", size_now(), size_);
}

bool IsFileRange(int64_t offset, int64_t size_bytes) {
  return offset >= 0 && offset <= std::numeric_limits<int64_t>::max() - size_bytes;
}

}  // namespace plelab
