// Honest memory: anonymous, file-backed and peak apart, each read in the phase that it names.
#pragma once

#include <cstdint>
#include <string>

namespace plelab {

struct MemoryReading {
  int64_t anonymous_bytes = 0;    // resident anonymous pages, huge ones included (smaps_rollup, else status)
  int64_t file_backed_bytes = 0;  // the rest of Rss: resident pages of mapped files and shared memory
  double pss_bytes = 0;           // Rss with shared pages divided by their users; NaN without smaps_rollup
  int64_t peak_rss_bytes = 0;     // VmHWM: anonymous + file-backed at its highest since start or ResetPeakRss
  double cgroup_peak_bytes = 0;   // peak of MemoryGroup, page cache included; NaN while there is none
};
MemoryReading ReadMemory();
// Resets VmHWM (writes /proc/self/clear_refs); false where not permitted.
bool ResetPeakRss();

// A memory cgroup (v1 or v2) of this process alone, below the group it is in, so that the limits
// there still hold. No existing group is changed.  Where none may be made there is none, and
// `why_not()` says so. The kernel charges a group from now on and does not move older charges:
// join before loading anything. The destructor goes back and removes the group; groups left by
// killed processes are removed by the next MemoryGroup.
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
