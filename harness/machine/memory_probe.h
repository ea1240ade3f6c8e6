// Measures memory without mixing kinds: anonymous, file-backed and peak are separate, each read in the phase
// that it names.
#pragma once

#include <cstdint>
#include <string>

namespace plelab {

struct MemoryReading {
  int64_t anonymous_bytes = 0;    // resident anonymous pages, huge ones included (smaps_rollup, else status)
  int64_t file_backed_bytes = 0;  // the rest of Rss: resident pages of mapped files and of shared memory
  double pss_bytes = 0;           // Rss with shared pages divided among their users; NaN without smaps_rollup
  int64_t peak_rss_bytes = 0;     // VmHWM: anonymous + file-backed at its highest since start or ResetPeakRss
  double cgroup_peak_bytes = 0;   // peak of MemoryGroup, page cache included; NaN when there is none
};
MemoryReading ReadMemory();
// Resets VmHWM by writing /proc/self/clear_refs.  Returns false when that is not permitted.
bool ResetPeakRss();

// A memory cgroup (v1 or v2) for this process alone, created below the group that it is in, so that the
// limits there still apply.  No existing group is changed.  When a group cannot be created there is none, and
// `why_not()` gives the reason.  The kernel charges a group from the time a process joins it and does not
// move older charges, so join before loading anything.  The destructor returns to the old group and removes
// this one; groups left by killed processes are removed by the next MemoryGroup.
class MemoryGroup {
 public:
  MemoryGroup();
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  bool joined() const { return !folder_.empty(); }
  const std::string& why_not() const { return why_not_; }

 private:
  std::string folder_, parent_, why_not_;
};

}  // namespace plelab
