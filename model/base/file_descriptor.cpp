#include "model/base/file_descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>
#include <system_error>
#include <utility>

namespace plelab {

namespace {

std::string_view KindOf(mode_t mode) {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO (named pipe)";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

std::string SpecialFileKind(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 ? std::string(KindOf(status.st_mode)) : "";
}

void RefuseSpecialInput(const std::string& path) {
  const std::string kind = SpecialFileKind(path);
  if (!kind.empty()) throw UserError("{}: expected a regular file, found {}", path, kind);
}

void RefuseSpecialOutput(const std::string& path) {
  const std::string kind = SpecialFileKind(path);
  if (!kind.empty()) throw UserError("{}: is {}, which is not replaced; name another file", path, kind);
}

FileDescriptor::FileDescriptor(std::string path, ReadAhead read_ahead, int extra_flags)
    : path_(std::move(path)) {
  // O_NONBLOCK means nothing to a regular file; without it, opening a FIFO would wait for its writer.
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | extra_flags);
  if (fd_ < 0) {
    const int error = errno;
    if (error == ENXIO) RefuseSpecialInput(path_);  // a socket
    const bool refused = (extra_flags & O_DIRECT) != 0 && error == EINVAL;
    throw UserError(
        "{}: cannot be opened: {}; {}", path_, std::system_category().message(error),
        refused ? "its file system refuses O_DIRECT, use backend=pread" : "expected a readable file");
  }
  struct stat status = {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd_);
    throw UserError("{}: expected a regular file, found {}", path_, KindOf(status.st_mode));
  }
  size_bytes_ = status.st_size;
  // This is a hint: where a file system ignores it, reads still work.
  if (read_ahead == ReadAhead::kOff) ::posix_fadvise(fd_, 0, 0, POSIX_FADV_RANDOM);
}

FileDescriptor::~FileDescriptor() { ::close(fd_); }

void FileDescriptor::Read(int64_t offset, std::span<std::byte> out) const {
  const auto expected = static_cast<int64_t>(out.size());
  const ReadResult result = TryRead(offset, out);
  if (result.found < expected) throw ShortRead(offset, expected, result);
}

ReadResult FileDescriptor::TryRead(int64_t offset, std::span<std::byte> out) const {
  if (!IsFileRange(offset, static_cast<int64_t>(out.size()))) return {0, EOVERFLOW};
  return ReadFully(offset, out,
                   [this](void* to, size_t size, int64_t at) { return ::pread(fd_, to, size, at); });
}

ReadError FileDescriptor::ShortRead(int64_t offset, int64_t expected, ReadResult result) const {
  const std::string why = result.error != 0 ? std::system_category().message(result.error)
                                            : Format("the file ends at byte {} (at {} when it was opened)",
                                                     size_now(), size_bytes_);
  return {path_, offset, expected, result.found, why};
}

int64_t FileDescriptor::size_now() const {
  struct stat status = {};
  return ::fstat(fd_, &status) == 0 ? static_cast<int64_t>(status.st_size) : -1;
}

bool IsFileRange(int64_t offset, int64_t size_bytes) {
  return offset >= 0 && offset <= std::numeric_limits<int64_t>::max() - size_bytes;
}

}  // namespace plelab
