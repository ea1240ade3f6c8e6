#include "harness/machine/resources.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

namespace plelab {
namespace fs = std::filesystem;
namespace {

// The number after `key` in /proc/meminfo, in bytes; −1 when it is missing.
int64_t MemInfoBytes(const std::string& key) {
  std::ifstream stream("/proc/meminfo");
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stoll(line.substr(key.size() + 1)) * 1024;
  }
  return -1;
}

// "max", nothing, and the huge numbers of cgroup v1 all mean that there is no limit.
int64_t LimitIn(const fs::path& file) {
  std::ifstream stream(file);
  int64_t limit = 0;
  return stream >> limit ? limit : std::numeric_limits<int64_t>::max();
}

int64_t MemoryGroupLimit() {
  int64_t limit = std::numeric_limits<int64_t>::max();
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) limit = std::min(limit, LimitIn("/sys/fs/cgroup" + path + "/memory.max"));
    if (controllers == "memory") {
      limit = std::min(limit, LimitIn("/sys/fs/cgroup/memory" + path + "/memory.limit_in_bytes"));
    }
  }
  return limit;
}

}  // namespace

int64_t AvailableMemoryBytes() {
  const int64_t available = MemInfoBytes("MemAvailable");
  return std::min(available < 0 ? std::numeric_limits<int64_t>::max() : available, MemoryGroupLimit());
}

int64_t FreeDiskBytes(const std::string& path) {
  fs::path folder = fs::absolute(path);
  while (!fs::exists(folder) && folder.has_relative_path()) folder = folder.parent_path();
  return static_cast<int64_t>(fs::space(folder).available);
}

}  // namespace plelab
