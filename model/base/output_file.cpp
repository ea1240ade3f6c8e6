#include "model/base/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace {

std::filesystem::path FolderOf(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

// Makes a rename in `folder` durable.  EINVAL is no error: file systems that cannot sync a folder order the
// rename themselves.
void SyncFolder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  const bool failed = ::fsync(fd) != 0 && errno != EINVAL;
  const int reason = errno;
  ::close(fd);
  if (failed) throw RunError("{}: cannot sync the folder: {}", folder.string(), std::strerror(reason));
}

}  // namespace

OutputFile::OutputFile(std::string path, std::string_view suffix)
    : path_(std::move(path)), temporary_(path_ + std::string(suffix)) {
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) Fail("cannot create it");
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!committed_) ::unlink(temporary_.c_str());
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

void OutputFile::Commit() {
  if (::fsync(fd_) != 0) Fail("cannot sync it");  // some file systems report a full disk only here
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0) Fail("cannot close it");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) Fail("cannot rename it to its final name");
  committed_ = true;
  SyncFolder(FolderOf(path_));
}

void OutputFile::Fail(std::string_view what) const {
  const int reason = errno;
  throw RunError("{}: {}: {}; nothing was kept of it", temporary_, what, std::strerror(reason));
}

void WriteWholeFile(const std::string& path, std::span<const std::byte> bytes) {
  const std::filesystem::path folder = FolderOf(path);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw RunError("{}: cannot create the folder: {}", folder.string(), error.message());

  OutputFile file(path, Format(".{}{}", ::getpid(), kTemporarySuffix));
  file.Write(0, bytes);
  file.Commit();
}

void WriteWholeFile(const std::string& path, std::string_view text) {
  WriteWholeFile(path, std::as_bytes(std::span(text)));
}

}  // namespace plelab
