#include "model/ops/heap.h"

#include <malloc.h>

namespace plelab {

void KeepFreedMemory() {
  constexpr int kKeptBytes = 128 << 20;
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

void KeepAllFreedMemory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
}

}  // namespace plelab
