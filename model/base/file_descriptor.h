// An open file for reading, closed when it goes.
#pragma once

#include <cstdint>
#include <string>

namespace plelab {

class FileDescriptor {
 public:
  // `extra_flags` beside O_RDONLY | O_CLOEXEC.  Throws UserError when `path` cannot be opened or is not a
  // regular file.
  FileDescriptor(const std::string& path, int extra_flags);
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  int get() const { return fd_; }
  const std::string& path() const { return path_; }
  int64_t size_when_opened() const { return size_; }
  // What the file system says now; −1 when it does not answer.
  int64_t size_now() const;
  // Why a read found fewer bytes than it should have: `error` (an errno) if there was one, else the end of
  // the file.
  std::string WhyShort(int error) const;

 private:
  std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

// False for a range that no file can hold: a negative offset, or an end beyond int64.
bool IsFileRange(int64_t offset, int64_t size_bytes);

}  // namespace plelab
