// Lookups, and how many of them were answered from memory: what a source in front of another one counts
// itself.
#pragma once

#include <cstdint>
#include <mutex>

#include "model/ple/ple_source.h"

namespace plelab {

// Thread-safe.
class LookupCounts {
 public:
  void Add(int64_t lookups, int64_t hits) {
    const std::lock_guard lock(mutex_);
    lookups_ += lookups;
    hits_ += hits;
  }
  // The counts of the source below with these lookups in place of its own.  row_bytes: of one row.
  PleStats Over(PleStats below, int64_t row_bytes) const {
    const std::lock_guard lock(mutex_);
    below.lookups = lookups_;
    below.hits = hits_;
    below.misses = lookups_ - hits_;
    below.row_bytes = lookups_ * row_bytes;
    return below;
  }

 private:
  mutable std::mutex mutex_;
  int64_t lookups_ = 0, hits_ = 0;  // guarded by mutex_
};

}  // namespace plelab
