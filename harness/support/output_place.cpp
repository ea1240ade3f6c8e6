#include "harness/support/output_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/output_file.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

void MakeFolderOf(const std::string& path) {
  const fs::path folder = fs::absolute(path).parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) {
    throw UserError("{}: the folder {} cannot be made: {}; name another file", path, folder.string(),
                    error.message());
  }
}

[[noreturn]] void FailToWrite(const std::string& path) {
  throw UserError("{}: nothing can be written there: {}; name another file", path, std::strerror(errno));
}

// True when `fd` is still the file that has this name: its last holder may have removed it.
bool IsNamed(int fd, const std::string& path) {
  struct stat open = {}, named = {};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
         open.st_dev == named.st_dev;
}

[[noreturn]] void RefuseHeld(int fd, const std::string& path) {
  char holder[32] = {};
  const ssize_t size = ::pread(fd, holder, sizeof holder - 1, 0);
  ::close(fd);
  const std::string who = size > 0 ? std::string(holder, std::strcspn(holder, "\n")) : "unknown";
  throw UserError("{}: process {} is writing it; wait until it has ended, or name another file", path, who);
}

// Returns 0, EEXIST when there is a file at `to`, or else why the rename failed (errno).
int TryToRename(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (::link(from.c_str(), to.c_str()) == 0) {  // a file system that lacks the flag may have hard links
    ::unlink(from.c_str());
    return 0;
  }
  if (errno == EEXIST) return EEXIST;
  std::error_code ignored;
  if (fs::exists(to, ignored)) return EEXIST;
  return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

OutputLock::OutputLock(std::string path) : path_(std::move(path)) {
  RefuseSpecialOutput(path_);
  MakeFolderOf(path_);
  const std::string lock = path_ + ".lock";
  RefuseSpecialOutput(lock);
  while (true) {
    fd_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) FailToWrite(path_);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) RefuseHeld(fd_, path_);
    if (IsNamed(fd_, lock)) break;
    ::close(fd_);
  }
  const std::string self = Format("{}\n", ::getpid());
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, self.data(), self.size(), 0) < 0) {
    const int reason = errno;
    ::unlink(lock.c_str());
    ::close(fd_);
    errno = reason;
    FailToWrite(path_);
  }
}

OutputLock::~OutputLock() {
  ::unlink((path_ + ".lock").c_str());  // while it is locked, so that it is this one
  ::close(fd_);
}

void RequireWritable(const std::string& path) {
  RefuseSpecialOutput(path);
  MakeFolderOf(path);
  const std::string probe = Format("{}.{}.probe", path, ::getpid());
  const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) FailToWrite(path);
  ::close(fd);
  ::unlink(probe.c_str());
}

void RenameToNew(const std::string& from, const std::string& to) {
  const int reason = TryToRename(from, to);
  if (reason == EEXIST) {
    throw UserError("{}: was written by somebody else in the meantime and is not replaced; ours is {}", to,
                    from);
  }
  if (reason != 0) throw RunError("{}: cannot be renamed to {}: {}", from, to, std::strerror(reason));
  SyncFolderOf(to);
}

}  // namespace plelab
