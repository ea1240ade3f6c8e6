#include <algorithm>
#include <barrier>
#include <cstdint>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include "harness/environment.h"
#include "harness/system_files.h"
#include "harness/timer.h"
#include "model/io/anonymous_memory.h"

namespace plelab {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kFallbackCacheBytes = 64 * kMiB;  // where the kernel does not say
// A virtual machine may be told of a smaller cache than it has: 4 × the 32 MiB that one was told of read at
// 72 GB/s, 512 MiB and 1 GiB at 50.
constexpr int64_t kLeastBufferBytes = 512 * kMiB;
constexpr double kMeasureSeconds = 0.3;
constexpr int kLeastPasses = 3;
// Places that a thread reads from in turn (more loads are under way than with one), and independent sums of
// each (loads wait for memory, not for additions).
constexpr int64_t kStreams = 4, kLanes = 16;

// Of all last-level caches together: a machine may have one for every few cores.
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

// At least 4 × the last-level cache (less where memory is short), a whole number of lanes for
// each stream and thread.
int64_t BufferBytes(int64_t threads) {
  const int64_t grain = threads * kStreams * kLanes * static_cast<int64_t>(sizeof(uint64_t));
  const double available_kib =
      LeadingNumber(FieldOf(ReadSystemFile("/proc/meminfo"), "MemAvailable")).value_or(0);
  int64_t bytes = std::max(4 * LastLevelCacheBytes(), kLeastBufferBytes);
  if (available_kib > 0) bytes = std::min(bytes, static_cast<int64_t>(available_kib) * 1024 / 4);
  return (bytes + grain - 1) / grain * grain;
}

// REQUIRES count is a multiple of kStreams * kLanes.  The compiler turns the lanes into vectors.
[[gnu::always_inline]] inline uint64_t SumOfStreams(const uint64_t* data, int64_t count) {
  uint64_t lanes[kLanes] = {};
  const int64_t stream_count = count / kStreams;
  for (int64_t i = 0; i < stream_count; i += kLanes) {
    for (int64_t stream = 0; stream < kStreams; ++stream) {
      const uint64_t* const from = data + stream * stream_count + i;
      for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += from[lane];
    }
  }
  uint64_t sum = 0;
  for (uint64_t lane : lanes) sum += lane;
  return sum;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] uint64_t SumOfAvx2(const uint64_t* data, int64_t count) {
  return SumOfStreams(data, count);
}
#endif

uint64_t SumOf(const uint64_t* data, int64_t count) {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2") != 0;
  if (avx2) return SumOfAvx2(data, count);
#endif
  return SumOfStreams(data, count);
}

// One thread reads its part over and over; the last one to finish a pass takes its time.
class ReadLoop {
 public:
  ReadLoop(uint64_t* data, int64_t count, int64_t threads)
      : data_(data), count_(count), threads_(threads), pass_end_(threads, PassEnd{this}) {}

  // Bytes per second of the best pass.
  double Run() {
    std::vector<std::jthread> others;
    for (int64_t t = 1; t < threads_; ++t) others.emplace_back([this, t] { Read(t); });
    Read(0);
    others.clear();
    return static_cast<double>(count_) * sizeof(uint64_t) / (static_cast<double>(best_ns_) * 1e-9);
  }

 private:
  struct PassEnd {
    ReadLoop* loop;
    void operator()() noexcept { loop->EndPass(); }
  };

  void Read(int64_t thread) {
    const int64_t part = count_ / threads_;
    uint64_t* const begin = data_ + thread * part;
    std::fill(begin, begin + part, uint64_t{1});  // commits the pages, near the core that reads them
    volatile uint64_t keep = 0;
    while (!done_) {
      pass_end_.arrive_and_wait();  // the first one starts the clock
      if (!done_) keep = SumOf(begin, part);
    }
    (void)keep;
  }

  // Runs in one thread while the others wait in the barrier.
  void EndPass() {
    const int64_t now = clock_.ns();
    if (passes_ > 0)
      best_ns_ = passes_ == 1 ? now - pass_began_ns_ : std::min(best_ns_, now - pass_began_ns_);
    if (passes_ == 0) measure_began_ns_ = now;
    const double measured = static_cast<double>(now - measure_began_ns_) * 1e-9;
    done_ = passes_ >= kLeastPasses && measured >= kMeasureSeconds;
    ++passes_;
    pass_began_ns_ = clock_.ns();
  }

  uint64_t* data_;
  int64_t count_, threads_;
  std::barrier<PassEnd> pass_end_;
  Timer clock_;
  int64_t passes_ = 0, best_ns_ = 0, pass_began_ns_ = 0, measure_began_ns_ = 0;
  bool done_ = false;  // written only inside the barrier
};

}  // namespace

double MeasureReadBandwidth(int64_t threads) {
  if (threads <= 0) threads = std::max(1U, std::thread::hardware_concurrency());
  const AnonymousMemory buffer(BufferBytes(threads), PageSize::kHuge);
  auto* const words = reinterpret_cast<uint64_t*>(buffer.data());
  ReadLoop loop(words, buffer.size_bytes() / static_cast<int64_t>(sizeof(uint64_t)), threads);
  return loop.Run() * 1e-9;
}

}  // namespace plelab
