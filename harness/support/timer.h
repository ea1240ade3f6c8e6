// The one clock of the harness.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace plelab {

inline int64_t SteadyClockNs() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What NowNs reads.  Tests put a clock of their own in its place (tests/support/fake_clock.h).
inline std::atomic<int64_t (*)()> clock_of_harness = SteadyClockNs;

// Nanoseconds by the steady clock, from some moment on.
inline int64_t NowNs() { return clock_of_harness.load(std::memory_order_relaxed)(); }

// Nanoseconds since construction.
class Timer {
 public:
  int64_t ns() const { return NowNs() - start_ns_; }
  double seconds() const { return static_cast<double>(ns()) * 1e-9; }

 private:
  int64_t start_ns_ = NowNs();
};

// Wall-clock time, for `started_unix_ns` only.  Never use it for a duration.
inline int64_t UnixNowNs() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace plelab
