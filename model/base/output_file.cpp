#include "model/base/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"

namespace plelab {
namespace {

std::filesystem::path FolderOf(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

// A name that no other writer has: pid and count differ within a machine, and O_EXCL or EEXIST tells what
// another machine made.
std::string TemporaryName(const std::string& path) {
  static std::atomic<int64_t> count = 0;
  return Format("{}.{}-{}{}", path, ::getpid(), count++, kTemporarySuffix);
}

std::string LinkToDescriptor(int fd) { return Format("/proc/self/fd/{}", fd); }

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  fd_ = ::open(FolderOf(path_).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (fd_ >= 0 && ::access(LinkToDescriptor(fd_).c_str(), F_OK) == 0) return;  // it can be given a name later
  if (fd_ >= 0) ::close(fd_);
  CreateNamed();
}

void OutputFile::CreateNamed() {
  do {
    temporary_ = TemporaryName(path_);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (fd_ < 0 && errno == EEXIST);
  if (fd_ < 0) {
    temporary_.clear();
    Fail("cannot create it");
  }
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::Write(int64_t offset, std::span<const std::byte> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        ::pwrite(fd_, bytes.data() + done, bytes.size() - done, offset + static_cast<int64_t>(done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) Fail(Format("cannot write {} bytes at offset {}", bytes.size(), offset));
    done += static_cast<size_t>(put);
  }
}

// rename replaces an earlier file, which linkat does not; so the file gets a temporary name first.
void OutputFile::GiveName() {
  const std::string link = LinkToDescriptor(fd_);
  std::string name;
  int failed = 0;
  do {
    name = TemporaryName(path_);
    failed = ::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW);
  } while (failed != 0 && errno == EEXIST);
  if (failed != 0) Fail("cannot name it");
  temporary_ = name;
}

void OutputFile::Commit() {
  if (::fsync(fd_) != 0) Fail("cannot sync it");  // some file systems report a full disk only here
  if (temporary_.empty()) GiveName();
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0) Fail("cannot close it");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) Fail("cannot rename it to its final name");
  temporary_.clear();
  SyncFolderOf(path_);
}

void OutputFile::Fail(std::string_view what) const {
  const int reason = errno;
  throw RunError("{}: {}: {}; nothing was kept of it", path_, what, std::strerror(reason));
}

std::optional<FileLock> FileLock::Try(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw RunError("{}: cannot be opened to lock it: {}", path, std::strerror(errno));
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return std::nullopt;
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);  // which releases the lock
}

void SyncFolderOf(const std::string& path) {
  const std::filesystem::path folder = FolderOf(path);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  const bool failed = ::fsync(fd) != 0 && errno != EINVAL;  // EINVAL: this file system syncs no folders
  const int reason = errno;
  ::close(fd);
  if (failed) throw RunError("{}: cannot sync the folder: {}", folder.string(), std::strerror(reason));
}

void WriteWholeFile(const std::string& path, std::span<const std::byte> bytes) {
  const std::filesystem::path folder = FolderOf(path);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw RunError("{}: cannot create the folder: {}", folder.string(), error.message());

  OutputFile file(path);
  file.Write(0, bytes);
  file.Commit();
}

void WriteWholeFile(const std::string& path, std::string_view text) {
  WriteWholeFile(path, std::as_bytes(std::span(text)));
}

void CopyWholeFile(const std::string& from, const std::string& to) {
  const FileDescriptor file(from, ReadAhead::kOn);
  std::vector<std::byte> bytes(static_cast<size_t>(file.size_bytes()));
  file.Read(0, bytes);
  WriteWholeFile(to, bytes);
}

}  // namespace plelab
