// Tries in a child process what may crash: a library that reads a file which somebody may have damaged.
//
// HDF5 and sentencepiece trust what a file says of itself in some places, and a damaged one then ends the
// process.  What reads such a file for the first time is tried here, so that a crash is an answer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace plelab {

struct TrialResult {
  int signal = 0;     // the signal that ended the child; 0: none did
  int exit_code = 0;  // not 0 where the child ended itself, as a sanitizer does
  bool timed_out = false;
  std::string error;  // what() of the exception that left the function, at most 4 KiB; empty: none did

  bool survived() const { return signal == 0 && exit_code == 0; }
  // For a message, such as "crashes with signal 11 (Segmentation fault)" or "is not done in time".
  std::string Describe() const;
};

// Calls `function` in a fork of this process, and waits for it.  The child has this thread only, reads and
// writes no standard stream, leaves no core file, is killed after `limit_s` seconds, gets at most
// `more_bytes` of memory beyond what this process has (0: no limit), and dies with this thread; nothing that
// `function` changes in memory is seen here.  An exception that leaves `function` counts as survived, because
// the caller who then does the same here gets it too.  Throws RunError when no process can be made.
TrialResult TryInChild(const std::function<void()>& function, int limit_s = 60, int64_t more_bytes = 0);

}  // namespace plelab
