#include "experiments/replay/measure/host.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdlib>

#include "harness/machine/host_facts.h"
#include "harness/storage/storage.h"
#include "harness/support/system_files.h"
#include "model/base/byte_size.h"
#include "model/base/format.h"
#include "plelab_build_info.h"

namespace plelab {
namespace {

constexpr int64_t kMiBytes = int64_t{1} << 20;

std::string Known(const std::string& text) { return text.empty() ? "unknown" : text; }

// x86 names the model, Arm only numbers of the maker and the part.
std::string CpuName() {
  const std::string cpuinfo = ReadSystemFile("/proc/cpuinfo");
  for (const char* key : {"model name", "Hardware", "cpu model"}) {
    if (const std::string name = FieldOf(cpuinfo, key); !name.empty()) return name;
  }
  const std::string board = ReadSystemFile("/proc/device-tree/model");
  const std::string part = FieldOf(cpuinfo, "CPU part");
  if (!board.empty()) return board.substr(0, board.find('\0'));
  return part.empty() ? "unknown"
                      : Format("Arm implementer {}, part {}", FieldOf(cpuinfo, "CPU implementer"), part);
}

int64_t MemInfoBytes(const char* key) {
  const auto kib = LeadingNumber(FieldOf(ReadSystemFile("/proc/meminfo"), key));
  return kib ? static_cast<int64_t>(*kib * 1024) : 0;
}

}  // namespace

int64_t AvailableMemoryBytes() { return MemInfoBytes("MemAvailable"); }

int64_t LastCacheBytes() {
  int64_t largest = 0;
  for (int index = 0; index < 6; ++index) {
    std::string size = ReadSystemFile(Format("/sys/devices/system/cpu/cpu0/cache/index{}/size", index));
    if (!size.ends_with('K')) continue;  // "32768K"
    const auto kib = LeadingNumber(size);
    if (kib) largest = std::max(largest, static_cast<int64_t>(*kib) * 1024);
  }
  return largest > 0 ? largest : 32 * kMiBytes;
}

int64_t StandInBufferBytes(int64_t last_cache_bytes, int64_t available_bytes) {
  const int64_t most = std::clamp(available_bytes / 8, 64 * kMiBytes, 1024 * kMiBytes);
  return std::clamp(4 * last_cache_bytes, 64 * kMiBytes, most);
}

std::vector<std::pair<std::string, std::string>> DescribeHost(const std::string& path) {
  utsname system = {};
  ::uname(&system);
  const StorageDescription storage = DescribeStorage(path);
  const int64_t memory = MemInfoBytes("MemTotal");
  const char* limit = std::getenv("PLELAB_DISK_LIMIT");
  return {{"program", "plelab-replay"},
          {"git_commit", PLELAB_BUILD_COMMIT},
          {"dirty_hash", PLELAB_BUILD_DIRTY_HASH},
          {"compiler", PLELAB_REPLAY_COMPILER},
          {"cpu_model", CpuName()},
          {"cores", std::to_string(Cores())},
          {"architecture", system.machine},
          {"last_cache_bytes", std::to_string(LastCacheBytes())},
          {"memory", memory > 0 ? FormatBytes(memory) : "unknown"},
          {"kernel", Format("{} {}", system.sysname, system.release)},
          {"storage", Known(storage.device)},
          {"filesystem", Known(storage.filesystem)},
          {"scheduler", Known(storage.scheduler)},
          {"read_ahead", Known(storage.read_ahead)},
          // What plelab-device --limit, which runs this program under the kernel's limit, says of it.
          {"disk_limit", limit == nullptr ? "none" : limit},
          {"started_at", UtcNow()}};
}

}  // namespace plelab
