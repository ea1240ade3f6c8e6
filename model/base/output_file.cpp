#include "model/base/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "model/base/error.h"

namespace plelab {

OutputFile::OutputFile(std::string path) : path_(std::move(path)), partial_(path_ + ".partial") {
  fd_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) throw RunError("{}: cannot be written: {}", partial_, std::strerror(errno));
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(partial_.c_str());
}

void OutputFile::Write(int64_t offset, std::span<const std::byte> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        ::pwrite(fd_, bytes.data() + done, bytes.size() - done, offset + static_cast<int64_t>(done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      throw RunError("{}: writing {} bytes at offset {} failed: {}", path_, bytes.size(), offset,
                     std::strerror(errno));
    }
    done += static_cast<size_t>(put);
  }
}

void OutputFile::Commit() {
  if (::fdatasync(fd_) != 0) throw RunError("{}: flushing failed: {}", path_, std::strerror(errno));
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) {
    throw RunError("{}: cannot be renamed to {}: {}", partial_, path_, std::strerror(errno));
  }
  ::close(fd_);
  fd_ = -1;
}

void WriteWholeFile(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.Write(0, std::as_bytes(std::span(text.data(), text.size())));
  file.Commit();
}

}  // namespace plelab
