// Measures memory without mixing kinds: anonymous, file-backed and peak are separate, each read in the phase
// that it names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/machine/own_cgroup.h"

namespace plelab {

struct MemoryReading {
  int64_t anonymous_bytes = 0;    // resident anonymous pages, huge ones included (smaps_rollup, else status)
  int64_t file_backed_bytes = 0;  // the rest of Rss: resident pages of mapped files and of shared memory
  double pss_bytes = 0;           // Rss with shared pages divided among their users; NaN without smaps_rollup
  int64_t peak_rss_bytes = 0;     // VmHWM: anonymous + file-backed at its highest since start
  double cgroup_peak_bytes = 0;   // peak of MemoryGroup, page cache included; NaN when there is none
};
MemoryReading ReadMemory();

// Counts the peak of this process's memory and page cache in a cgroup of its own (own_cgroup.h), which it is
// in for the lifetime of this object.  When a group cannot be made there is none, and `why_not()` gives the
// reason. The kernel charges a group from the time a process joins it and does not move older charges: what
// the program and its libraries have allocated before main() is counted only after StartInMemoryGroup.
class MemoryGroup {
 public:
  MemoryGroup();
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  bool joined() const { return group_.has_value(); }
  const std::string& why_not() const { return why_not_; }

 private:
  std::optional<OwnCgroup> group_;
  std::string why_not_;
};

// Starts this process anew in a group of its own (execve with the same arguments), which the next MemoryGroup
// takes over, so that all of its memory is charged to the group.  Returns where that has happened already,
// and where no group can be made.  For a process of a single thread that holds nothing yet.
void StartInMemoryGroup();

}  // namespace plelab
