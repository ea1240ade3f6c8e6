// Offsets and sizes as multiples of an alignment.
#pragma once

#include <cstdint>

namespace plelab {

inline int64_t RoundDown(int64_t offset, int64_t alignment) { return offset / alignment * alignment; }
inline int64_t RoundUp(int64_t offset, int64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

}  // namespace plelab
