// The strategy `cached`: a limited number of rows in RAM in front of any other source.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "model/ple/cache/row_slab.h"
#include "model/ple/capacity.h"
#include "model/ple/ple_source.h"
#include "model/ple/sources/lookup_counts.h"

namespace plelab {

enum class CachePolicy : int;  // policies/cache_policies.h
enum class CacheStart { kEmpty, kWarmed };

struct CachedOptions {
  // `64MiB` or `5%`.  A cache of 0 bytes holds no row but answers every request.
  Capacity capacity = {};
  // Which row is evicted first.  The default is the first policy of the table, lru.
  CachePolicy policy = {};
  // `empty`, or `warmed` with the ids that the caller provides.
  CacheStart initial = CacheStart::kEmpty;
  // A file of token ids, from which a policy that learns takes its rows; empty for any other policy.
  std::string hot_from = "";
};

// An id is a hit when the cache holds its row at Begin.  The missed rows of a request, each once, are
// requested from the source below in one Begin; a layer waits for what it needs of them, and they enter the
// cache when the last layer was asked for, or with the end of the request.  Repeats of a missed id wait for
// the same read and are misses too.  Rows are kept as the source below stores them.  The policy sees the rows
// in the order of the ids, as if they had been requested one by one.
class CachedPle : public PleSource {
 public:
  // policy: of an empty cache.  With a capacity of 0 rows it holds none and still answers every request.
  // warm_ids: the cache starts as it would be after requests for these ids one by one, which stats() does not
  // count.  Throws RunError when reading their rows fails.
  CachedPle(std::unique_ptr<PleSource> over, std::unique_ptr<EvictionPolicy> policy,
            std::span<const int64_t> warm_ids);

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  int64_t candidates() const override { return over_->candidates(); }
  void Expect(std::span<const int64_t> ids) override;  // passes on those that the cache does not hold
  PleStats stats() const override;                     // the read counts are those of the source below
  const PleGeometry& geometry() const override { return over_->geometry(); }
  const RowCodec* codec() const override { return over_->codec(); }
  int64_t fast_bytes() const override { return slab_.fast_bytes() + over_->fast_bytes(); }
  int64_t held_bytes() const override;
  void ReleasePages() override { over_->ReleasePages(); }
  void ObserveReads(ReadObserver* observer) override { over_->ObserveReads(observer); }
  bool keeps_state() const override { return true; }
  PleSource* traceless() override { return over_->traceless(); }
  int64_t threads() const override { return over_->threads(); }

 private:
  class Request;
  void Warm(std::span<const int64_t> ids);
  int64_t row_bytes() const { return geometry().layers * slice_bytes_; }

  std::unique_ptr<PleSource> over_;
  int64_t slice_bytes_;  // of one layer of a row, as the source below stores it
  mutable std::mutex mutex_;
  RowSlab slab_;  // guarded by mutex_
  LookupCounts counted_;
  PleStats over_before_;  // the counts of the source below right after warming
};

}  // namespace plelab
