// A clock that stands still but for what a test adds and a fixed step at each reading, so that times are the
// same on every machine.
#pragma once

#include <atomic>
#include <cstdint>

#include "harness/support/timer.h"

namespace plelab::testing {

// One at a time: it is the clock of the whole process while it lives.
class FakeClock {
 public:
  // Each reading moves the clock by `tick_ns`: a loop that waits for a time to pass ends.
  explicit FakeClock(int64_t tick_ns) {
    now_ns_ = 0;
    tick_ns_ = tick_ns;
    clock_of_harness = Read;
  }
  ~FakeClock() { clock_of_harness = SteadyClockNs; }
  FakeClock(const FakeClock&) = delete;
  FakeClock& operator=(const FakeClock&) = delete;

  static void Add(int64_t ns) { now_ns_ += ns; }
  // Without moving it.
  static int64_t now_ns() { return now_ns_; }

 private:
  static int64_t Read() { return now_ns_ += tick_ns_; }
  static inline std::atomic<int64_t> now_ns_ = 0, tick_ns_ = 0;
};

}  // namespace plelab::testing
