// Finds the file system that a path lies on, by /proc/self/mountinfo.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plelab {

struct Mount {
  std::string device;   // "major:minor"
  std::string root;     // the folder within the file system that is mounted
  std::string point;    // where it is mounted
  std::string options;  // of the mount: "rw,relatime"
  std::string type;     // "ext4", "cgroup2", …
  std::string source;   // "/dev/vda1"
  std::string super_options;
};

// Lines that cannot be parsed as a mount are skipped.
std::vector<Mount> ParseMounts(const std::string& mountinfo);
std::vector<Mount> ReadMounts();
// The mount through which an absolute path without links is seen: the one with the longest mount point above
// the path, and the last of these if there are several.
const Mount* MountOf(const std::vector<Mount>& mounts, std::string_view path);

}  // namespace plelab
