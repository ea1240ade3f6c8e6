// The control groups that this process is in, version 1 or 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/machine/mounts.h"

namespace plelab {

struct Cgroup {
  int version = 0;     // 1 or 2
  std::string folder;  // of this process's group, below `mount`
  std::string mount;   // where the hierarchy is mounted
};

// The group of `controller` ("memory", "cpu"): its v1 hierarchy where it has one, else v2.
// proc_cgroup: the text of /proc/self/cgroup.
std::optional<Cgroup> FindCgroup(const std::string& controller, const std::string& proc_cgroup,
                                 const std::vector<Mount>& mounts);
std::optional<Cgroup> FindCgroup(const std::string& controller);

// The tightest limit of the group and those above it; none where there is no limit.
std::optional<int64_t> MemoryLimitBytes();
std::optional<double> CpuLimitCores();
// "v2, memory limit 8589934592 bytes, cpu limit 2 cores"; without the group's name.
std::string DescribeCgroup();

}  // namespace plelab
