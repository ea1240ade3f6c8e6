// The clock of modelled devices.
#pragma once

#include <cstdint>

namespace plelab {

class DeviceClock {
 public:
  virtual ~DeviceClock() = default;
  virtual int64_t NowNs() = 0;
  // Returns when NowNs() is at least `until_ns`: at once where it is already.
  virtual void SleepUntil(int64_t until_ns) = 0;
};

// CLOCK_MONOTONIC.  SleepUntil is late by about a microsecond: a sleep that ends early is followed by asking
// the clock again and again, because a sleep alone is 50 µs late and more.
DeviceClock& SteadyDeviceClock();

}  // namespace plelab
