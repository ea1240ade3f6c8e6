// The place of an output: one process at a time writes it, and it is not replaced by accident.
#pragma once

#include <string>

namespace plelab {

// Holds the lock of `path` (flock on the file `path`.lock, which names the process).  A process that dies,
// however, gives it up.
class OutputLock {
 public:
  // Creates the folder when it is missing.  Throws UserError when another process holds the lock, naming it,
  // when there is a special file at `path`, and when nothing can be written there.  Where a file system has
  // no locks, nothing is locked.
  explicit OutputLock(std::string path);
  // Removes the lock file.
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  std::string path_;
  int fd_ = -1;
};

// Throws UserError when no file can be written at `path`: it is special, or its folder cannot be made or
// written. Creates the folder.
void RequireWritable(const std::string& path);

// Renames a file durably, unless there is one at `to`: then throws UserError, and leaves both.  Throws
// RunError when the rename fails for another reason.
void RenameToNew(const std::string& from, const std::string& to);

}  // namespace plelab
