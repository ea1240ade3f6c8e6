// Reference files for tests.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "harness/cold/unread_file.h"
#include "model/base/format.h"
#include "tests/support/temporary_folder.h"

namespace plelab::testing {

inline bool WriteByScript(const std::string& path, const std::string& size) {
  const std::string command =
      Format("'" PLELAB_SOURCE_DIR "/scripts/cold_reference.sh' '{}' {} > /dev/null", path, size);
  return std::system(command.c_str()) == 0;
}

// Makes a file of the least size that a run accepts without writing it: its reads cost nothing, but all else
// is as with a real one.  Returns false where the file system cannot do that.
inline bool AllocateUnreadFile(const std::string& path, const std::string& used = "") {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0644);
  if (fd < 0) return false;
  const bool allocated = ::fallocate(fd, 0, 0, kLeastUnreadBytes) == 0;
  ::fsync(fd);
  struct stat status = {};
  ::fstat(fd, &status);
  ::close(fd);
  if (!allocated || status.st_blocks * 512 < kLeastUnreadBytes) return false;
  const std::string changed = Format("{}.{:09d}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  WriteText(UnreadFile::LedgerPath(path),
            Format("plelab unread 1\nbytes {}\nchanged {}\nboot b\nplace 65536\n{}", kLeastUnreadBytes,
                   changed, used));
  return true;
}

inline int64_t UsedPlaces(const std::string& path) {
  const ReadLedger ledger = ParseReadLedger(ReadText(UnreadFile::LedgerPath(path)), path);
  int64_t used = 0;
  for (const bool place : ledger.used) used += place ? 1 : 0;
  return used;
}

}  // namespace plelab::testing
