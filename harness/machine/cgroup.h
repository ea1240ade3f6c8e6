// The control groups that this process is in, version 1 or 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/storage/mounts.h"

namespace plelab {

struct Cgroup {
  int version = 0;     // 1 or 2
  std::string folder;  // of this process's group, relative to `mount`
  std::string mount;   // where the hierarchy is mounted
};

// Finds the group of `controller` ("memory", "cpu"): in its v1 hierarchy if it has one, else in v2.
// proc_cgroup is the text of /proc/self/cgroup.
std::optional<Cgroup> FindCgroup(const std::string& controller, const std::string& proc_cgroup,
                                 const std::vector<Mount>& mounts);
std::optional<Cgroup> FindCgroup(const std::string& controller);

// Cores that the group of a hierarchy of this version may use by the files in `folder` (cpu.max, or
// cpu.cfs_quota_us and cpu.cfs_period_us); none when they set no limit or are not there.
std::optional<double> CpuLimitOf(int version, const std::string& folder);

// The tightest limit of the group and of those above it; none when there is no limit.
std::optional<int64_t> MemoryLimitBytes();
std::optional<double> CpuLimitCores();
// For example "v2, memory limit 8589934592 bytes, cpu limit 2 cores"; does not include the group's name.
std::string DescribeCgroup();

}  // namespace plelab
