#include "model/devices/device_clock.h"

#include <ctime>

namespace plelab {
namespace {

// The kernel wakes a sleeper up to 50 µs late (its timer slack), and this thread takes time to run again.
constexpr int64_t kSpinNs = 150'000;
constexpr int64_t kSecond = 1'000'000'000;

class SteadyClock : public DeviceClock {
 public:
  int64_t NowNs() override {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
  }
  void SleepUntil(int64_t until_ns) override {
    const int64_t wake_ns = until_ns - kSpinNs;
    if (NowNs() < wake_ns) {
      const timespec wake{static_cast<time_t>(wake_ns / kSecond), static_cast<long>(wake_ns % kSecond)};
      // A signal ends the sleep early: the loop below goes on waiting.
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, nullptr);
    }
    while (NowNs() < until_ns) {
    }
  }
};

}  // namespace

DeviceClock& SteadyDeviceClock() {
  static SteadyClock clock;
  return clock;
}

}  // namespace plelab
