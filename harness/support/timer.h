// The one clock of the harness.
#pragma once

#include <chrono>
#include <cstdint>

namespace plelab {

// Nanoseconds since construction, by the steady clock.
class Timer {
 public:
  int64_t ns() const { return std::chrono::nanoseconds(std::chrono::steady_clock::now() - start_).count(); }
  double seconds() const { return static_cast<double>(ns()) * 1e-9; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Wall-clock time, for `started_unix_ns` only.  Never use it for a duration.
inline int64_t UnixNowNs() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace plelab
