#include "harness/machine/bandwidth.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <set>
#include <span>
#include <thread>

#include "harness/support/system_files.h"
#include "harness/support/timer.h"
#include "model/base/anonymous_memory.h"
#include "model/kernels/parallel.h"
#include "model/kernels/read_loop.h"

namespace plelab {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kFallbackCacheBytes = 64 * kMiB;  // used when the kernel reports none
// A virtual machine may report a smaller cache than it has.  On one that reported 32 MiB, a buffer of 4 ×
// that size was read at 72 GB/s, but 512 MiB and 1 GiB at 50 GB/s.
constexpr int64_t kLeastBufferBytes = 512 * kMiB;
constexpr double kMeasureSeconds = 0.3;
constexpr int kLeastPasses = 3;

// The sum over all last-level caches, because a machine may have one for every few cores.
int64_t LastLevelCacheBytes() {
  int64_t level = 0, bytes = 0;
  std::set<std::string> counted;
  std::error_code error;
  for (const auto& cpu : std::filesystem::directory_iterator("/sys/devices/system/cpu", error)) {
    for (const auto& cache : std::filesystem::directory_iterator(cpu.path() / "cache", error)) {
      const int64_t this_level = ReadSystemNumber(cache.path() / "level").value_or(0);
      const double kib = LeadingNumber(ReadSystemFile(cache.path() / "size")).value_or(0);  // "32768K"
      if (this_level < level || kib <= 0) continue;
      if (this_level > level) level = this_level, bytes = 0, counted.clear();
      const std::string cores = ReadSystemFile(cache.path() / "shared_cpu_list");
      if (counted.insert(cores).second) bytes += static_cast<int64_t>(kib) * 1024;
    }
  }
  return bytes > 0 ? bytes : kFallbackCacheBytes;
}

// At least 4 × the last-level cache, but less when memory is short.
int64_t BufferBytes() {
  const double available_kib =
      LeadingNumber(FieldOf(ReadSystemFile("/proc/meminfo"), "MemAvailable")).value_or(0);
  const int64_t bytes = std::max(4 * LastLevelCacheBytes(), kLeastBufferBytes);
  if (available_kib <= 0) return bytes;
  return std::min(bytes, static_cast<int64_t>(available_kib) * 1024 / 4 / kMiB * kMiB);
}

// Sets LibTorch's number of threads, which the kernels use too, and restores it.
class ThreadCount {
 public:
  explicit ThreadCount(int64_t threads) : before_(at::get_num_threads()) {
    at::set_num_threads(static_cast<int>(threads));
  }
  ~ThreadCount() { at::set_num_threads(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

}  // namespace

double MeasureReadBandwidth(int64_t threads) {
  const ThreadCount count(threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency()));
  const AnonymousMemory buffer(BufferBytes(), PageSize::kHuge);
  // Commits each page near the core that will read it.
  ParallelFor(0, buffer.size_bytes(), kMiB, [&](int64_t begin, int64_t end) {
    std::memset(buffer.data() + begin, 1, static_cast<size_t>(end - begin));
  });

  int64_t best_ns = std::numeric_limits<int64_t>::max();
  const Timer all;
  for (int pass = 0; pass < kLeastPasses || all.seconds() < kMeasureSeconds; ++pass) {
    const Timer timer;
    ReadAll({buffer.data(), static_cast<size_t>(buffer.size_bytes())});
    best_ns = std::min(best_ns, timer.ns());
  }
  return static_cast<double>(buffer.size_bytes()) / static_cast<double>(best_ns);  // bytes per ns = GB/s
}

}  // namespace plelab
