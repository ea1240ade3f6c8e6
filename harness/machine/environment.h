// What the numbers were taken on and with, and what can be read of the machine's state around a repetition.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plelab {

// /meta attributes, each described in results/README.md: git_commit, dirty_hash, build_commit,
// build_dirty_hash, cpu_model, cpu_features, microcode, cores, memory, kernel, vm, storage,
// filesystem, scheduler, read_ahead, huge_pages, cgroup, compiler, compiler_flags, build_type,
// torch, hdf5, yaml_cpp, sentencepiece, threads, started_at. What cannot be read is "unknown".
// `data_path`: the checkpoint, for storage and file system.
std::vector<std::pair<std::string, std::string>> DescribeEnvironment(const std::string& data_path,
                                                                     int64_t threads);

struct MachineState {
  double cpu_mhz = 0;        // mean over the cores now; NaN where unreadable
  double temperature_c = 0;  // hottest sensor now; NaN where unreadable
  int64_t steal_ns = 0;      // cumulative, all cores: the hypervisor ran somebody else
  double psi_memory_us = 0;  // cumulative, whole machine: some task stalled; NaN where unreadable
  double psi_io_us = 0;      // cumulative, as above
  int64_t major_faults = 0;  // cumulative, this process
  double energy_j = 0;       // cumulative, all packages; NaN where unreadable
};
MachineState ReadMachineState();
// What to record of a repetition: cumulative fields as `after` − `before`, the others as in `after`.
MachineState Between(const MachineState& before, const MachineState& after);

// GB/s (1e9 bytes) of the kernels' read loop (model/kernels/read_loop.h) over a huge-page buffer (≥ 4 × the
// last-level cache), `threads` threads (0: one per core), best pass of about 0.3 s.  The buffer is freed
// again, but VmHWM remembers it: not in a process whose peak memory is measured.
double MeasureReadBandwidth(int64_t threads);
// True for a build that may measure (NDEBUG, optimised, no sanitizer).
bool BuildMayMeasure();

}  // namespace plelab
