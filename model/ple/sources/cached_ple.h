// A budget of recently used rows in RAM before any other source.
#pragma once

#include <memory>
#include <mutex>
#include <span>

#include "model/ple/capacity.h"
#include "model/ple/ple_source.h"
#include "model/ple/sources/row_cache.h"

namespace plelab {

enum class CachePolicy : int;  // cache_policies.h
enum class CacheStart { kEmpty, kWarmed };

struct CachedOptions {
  Capacity capacity = {};                   // `64MiB` or `5%`; 0 keeps nothing and still answers
  CachePolicy policy = {};                  // which row leaves first; the first policy: lru
  CacheStart initial = CacheStart::kEmpty;  // `empty`, or `warmed` with the ids that the caller names
};

// An id is a hit when its row is held at Begin.  What a request misses goes to the source below in one Begin,
// each row once, and comes into the cache at the first Layer call; repeats of a missed id wait for the same
// read and are misses too.  The policy sees rows in the order of the ids, as if they had been asked one by
// one.
class CachedPle : public PleSource {
 public:
  // capacity_bytes: whole rows that fit are held; 0 holds none, and every request still answers.
  // warm_ids: rows to start with, as after a request for them; not counted in stats().  Throws RunError when
  // reading them fails.
  CachedPle(std::unique_ptr<PleSource> over, int64_t capacity_bytes, std::span<const int64_t> warm_ids,
            CachePolicy policy = {});

  // What a cache of that budget holds at most: whole rows, none twice.
  static int64_t FastBytes(const PleGeometry& geometry, int64_t capacity_bytes);

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  PleStats stats() const override;  // reads are those of the source below
  const PleGeometry& geometry() const override { return over_->geometry(); }
  int64_t fast_bytes() const override { return cache_->fast_bytes() + over_->fast_bytes(); }
  bool keeps_state() const override { return true; }
  int64_t threads() const override { return over_->threads(); }

 private:
  class Request;
  void Warm(std::span<const int64_t> ids);

  std::unique_ptr<PleSource> over_;
  mutable std::mutex mutex_;
  std::unique_ptr<RowCache> cache_;  // under mutex_
  PleStats counted_;                 // lookups, hits and misses; under mutex_
  PleStats over_before_;             // what the source below had counted after warming
};

}  // namespace plelab
