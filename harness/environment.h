// What the numbers were taken on and with, and what can be read of the machine's state around a repetition.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plelab {

// /meta attributes: git_commit, dirty_hash, cpu_model, microcode, cores, memory, kernel, vm, storage, filesystem,
// scheduler, read_ahead, huge_pages, cgroup, compiler, compiler_flags, build_type, library versions, threads,
// started_at.  What cannot be read is "unknown".  `data_path`: the checkpoint, for storage and file system.
std::vector<std::pair<std::string, std::string>> DescribeEnvironment(const std::string& data_path, int64_t threads);

// Around a repetition; differences of the cumulative ones go to /tables/reps.
struct MachineState {
  double cpu_mhz;         // NaN where unreadable
  double temperature_c;   // NaN where unreadable
  int64_t steal_ns;       // cumulative
  int64_t psi_memory_us;  // cumulative
  int64_t psi_io_us;      // cumulative
  int64_t major_faults;   // cumulative, this process
  double energy_j;        // cumulative; NaN where unreadable
};
MachineState ReadMachineState();

// GB/s of our own read loop over a huge-page buffer (≥ 4 × the last-level cache), `threads` threads, best of a few passes.
double MeasureReadBandwidth(int64_t threads);
// True for a build that may measure (NDEBUG, optimised, no sanitizer).
bool BuildMayMeasure();

}  // namespace plelab
