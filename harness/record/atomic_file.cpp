#include "harness/record/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace {

// Closes the descriptor, and removes the file unless it is kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) Fail("cannot create it");
  }
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!kept_) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void Write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) Fail("cannot write it");
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
  }
  // Some file systems report a full disk only here.
  void SyncAndClose() {
    if (::fsync(fd_) != 0) Fail("cannot sync it");
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0) Fail("cannot close it");
  }
  void RenameTo(const std::string& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0) Fail("cannot rename it to its final name");
    kept_ = true;
  }

 private:
  [[noreturn]] void Fail(const char* what) const {
    throw RunError("{}: {}: {}; no part of it was kept", path_, what, std::strerror(errno));
  }
  std::string path_;
  int fd_ = -1;
  bool kept_ = false;
};

// Makes sure that the rename itself reaches the disk.  File systems that cannot sync a folder (EINVAL) order
// renames themselves.
void SyncFolder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  const bool failed = ::fsync(fd) != 0 && errno != EINVAL;
  const int reason = errno;
  ::close(fd);
  if (failed) throw RunError("{}: cannot sync the folder: {}", folder.string(), std::strerror(reason));
}

}  // namespace

void WriteFileAtomically(const std::string& path, std::span<const std::byte> bytes) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw RunError("{}: cannot create the folder: {}", folder.string(), error.message());

  TemporaryFile file(path + "." + std::to_string(::getpid()) + kTemporarySuffix);
  file.Write(bytes);
  file.SyncAndClose();
  file.RenameTo(path);
  SyncFolder(folder);
}

}  // namespace plelab
