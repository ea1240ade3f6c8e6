// Honest memory: anonymous, file-backed and peak apart, each read in the phase that it names.
#pragma once

#include <cstdint>
#include <string>

namespace plelab {

struct MemoryReading {
  int64_t anonymous_bytes = 0;    // Rss anonymous (smaps_rollup; huge pages included)
  int64_t file_backed_bytes = 0;  // resident file and shared pages
  int64_t pss_bytes = 0;
  int64_t peak_rss_bytes = 0;     // VmHWM
  double cgroup_peak_bytes = 0;   // NaN where no group of our own can be made
};
MemoryReading ReadMemory();
// Resets VmHWM (writes /proc/self/clear_refs); false where not permitted.
bool ResetPeakRss();

}  // namespace plelab
