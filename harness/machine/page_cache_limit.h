// Limits what the page cache holds of the files that this process reads: page cache and a cache in the
// program can then be compared at equal RAM.
#pragma once

#include <cstdint>
#include <string>

#include "harness/machine/own_cgroup.h"

namespace plelab {

// A memory cgroup limits page cache and the process's own memory together, and kills what exceeds it.  The
// limit is therefore set to `bytes` beside what else has been charged to the group, and set again whenever
// that may have grown (Renew).
class PageCacheLimit {
 public:
  // Throws RunError with the reason where it is not permitted here.
  explicit PageCacheLimit(int64_t bytes);

  // Why no limit can be set here; "" where it can.  Tries it.
  static std::string WhyNot();

  // From now on pages that this process reads are charged to the limit, and the least recently used ones are
  // evicted for others.  A page that is cached already is charged to whoever read it and never counts: evict
  // files that the limit is for.  Memory allocated before stays outside of the group.  Throws RunError.
  void Enter();
  // Pages that the group holds stay charged to it.  Throws RunError.
  void Leave();
  // Sets the limit anew beside the memory that the process uses in the group by now.  Takes a fraction of a
  // millisecond: for the time between two steps.  Throws RunError.
  void Renew();
  // Page cache that is charged to the group now.
  int64_t held_bytes() const;

 private:
  void SetLimit(int64_t bytes) const;

  OwnCgroup group_;
  int64_t bytes_;
};

}  // namespace plelab
