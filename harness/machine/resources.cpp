#include "harness/machine/resources.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

#include "harness/machine/cgroup.h"

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

}  // namespace

int64_t AvailableMemoryBytes() {
  const int64_t available = MemInfoBytes("MemAvailable");
  constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();
  return std::min(available < 0 ? kUnlimited : available, MemoryLimitBytes().value_or(kUnlimited));
}

int64_t FreeDiskBytes(const std::string& path) {
  fs::path folder = fs::absolute(path);
  while (!fs::exists(folder) && folder.has_relative_path()) folder = folder.parent_path();
  return static_cast<int64_t>(fs::space(folder).available);
}

}  // namespace plelab
