// The clock that reads are timed with.
#pragma once

#include <chrono>
#include <cstdint>

namespace plelab {

inline int64_t ReadClockNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace plelab
