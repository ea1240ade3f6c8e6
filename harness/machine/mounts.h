// /proc/self/mountinfo: which file system a path lies on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plelab {

struct Mount {
  std::string device;   // "major:minor"
  std::string root;     // the folder of the file system that is mounted
  std::string point;    // where
  std::string options;  // of the mount: "rw,relatime"
  std::string type;     // "ext4", "cgroup2", …
  std::string source;   // "/dev/vda1"
  std::string super_options;
};

// Lines that do not read as a mount are left out.
std::vector<Mount> ParseMounts(const std::string& mountinfo);
std::vector<Mount> ReadMounts();
// The mount that an absolute path without links is seen through: the longest mount point above
// it, the last one of these.
const Mount* MountOf(const std::vector<Mount>& mounts, std::string_view path);

}  // namespace plelab
