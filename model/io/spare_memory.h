// Memory of large batches, kept for the next one: new memory costs a page fault for every page of it.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>

#include "model/base/anonymous_memory.h"

namespace plelab {

// Keeps the largest block that was returned, up to kMostKept.  Thread-safe.
class SpareMemory {
 public:
  static constexpr int64_t kMostKept = 32 * 1024 * 1024;

  // At least this many bytes, with any contents.
  AnonymousMemory Take(int64_t size_bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (kept_.size_bytes() >= size_bytes) return std::exchange(kept_, {});
    }
    return {size_bytes, PageSize::kHuge};
  }
  void Return(AnonymousMemory memory) {
    const std::lock_guard lock(mutex_);
    if (memory.size_bytes() > kept_.size_bytes() && memory.size_bytes() <= kMostKept)
      std::swap(kept_, memory);
  }

 private:
  std::mutex mutex_;
  AnonymousMemory kept_;  // guarded by mutex_
};

}  // namespace plelab
