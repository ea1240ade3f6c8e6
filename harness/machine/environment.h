// Describes the machine and software that produced the numbers, and the machine's state around a repetition.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plelab {

// The /meta attributes, which results/README.md describes: git_commit, dirty_hash, build_commit,
// build_dirty_hash, cpu_model, cpu_features, microcode, cores, memory, kernel, vm, storage, filesystem,
// scheduler, read_ahead, huge_pages, cgroup, compiler, compiler_flags, build_type, torch, hdf5, yaml_cpp,
// sentencepiece, threads, started_at.  What cannot be read is "unknown".  `data_path` is the checkpoint, for
// storage and file system.
std::vector<std::pair<std::string, std::string>> DescribeEnvironment(const std::string& data_path,
                                                                     int64_t threads);

struct MachineState {
  double cpu_mhz = 0;        // mean over the cores now; NaN when unreadable
  double temperature_c = 0;  // hottest sensor now; NaN when unreadable
  int64_t steal_ns = 0;      // cumulative, all cores: time that the hypervisor ran something else
  double psi_memory_us = 0;  // cumulative, whole machine: time that some task stalled; NaN when unreadable
  double psi_io_us = 0;      // cumulative, as above
  int64_t major_faults = 0;  // cumulative, this process
  double energy_j = 0;       // cumulative, all packages; NaN when unreadable
};
MachineState ReadMachineState();
// What to record for a repetition: `after` − `before` for cumulative fields, the value in `after` for the
// others.
MachineState Between(const MachineState& before, const MachineState& after);

// GB/s (1e9 bytes) of the kernels' read loop (model/kernels/read_loop.h) over a huge-page buffer of at least
// 4 × the last-level cache, with `threads` threads (0: one per core), as the best pass in about 0.3 s.  The
// buffer is freed again, but VmHWM remembers it, so do not call this in a process whose peak memory is
// measured.
double MeasureReadBandwidth(int64_t threads);
// True for a build that is fit for measuring (NDEBUG, optimised, no sanitizer).
bool BuildMayMeasure();

}  // namespace plelab
