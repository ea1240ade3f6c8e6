#include "model/ple/policies/cache_policies.h"

#include "model/ple/enum_rows.h"
#include "model/ple/policies/clock.h"
#include "model/ple/policies/lfu.h"
#include "model/ple/policies/lru.h"
#include "model/ple/policies/s3fifo.h"
#include "model/ple/policies/sieve.h"
#include "model/ple/policies/static_hot.h"
#include "model/ple/policies/tinylfu.h"

namespace plelab {
namespace {

template <class Policy>
std::unique_ptr<EvictionPolicy> Make(int64_t capacity, std::span<const int64_t>) {
  return std::make_unique<Policy>(capacity);
}

std::unique_ptr<EvictionPolicy> MakeStaticHot(int64_t capacity, std::span<const int64_t> learned) {
  return std::make_unique<StaticHotPolicy>(capacity, MostFrequentRows(learned, capacity));
}

constexpr CachePolicyRow kRows[] = {
    {CachePolicy::kLru, "lru", "the row that was used longest ago leaves first", false, Make<LruPolicy>},
    {CachePolicy::kLfu, "lfu", "the row that was used least often leaves first; uses long ago count less",
     false, Make<LfuPolicy>},
    {CachePolicy::kClock, "clock", "first in, first out; a row that was used meanwhile gets a second chance",
     false, Make<ClockPolicy>},
    {CachePolicy::kS3Fifo, "s3fifo", "a small queue for new rows, a large one for those that were used again",
     false, Make<S3FifoPolicy>},
    {CachePolicy::kSieve, "sieve", "as clock, but rows that stay keep their place", false, Make<SievePolicy>},
    {CachePolicy::kTinyLfu, "tinylfu",
     "a row stays only if it was asked for more often than the one it replaces", false, Make<TinyLfuPolicy>},
    {CachePolicy::kStaticHot, "static_hot",
     "the most frequent rows of another text (hot_from), and no others", true, MakeStaticHot},
};
static_assert(HasRowForEach<CachePolicy>(kRows));

}  // namespace

std::span<const CachePolicyRow> CachePolicies() { return kRows; }

const CachePolicyRow& RowOf(CachePolicy policy) {
  return FindRow(CachePolicies(), &CachePolicyRow::policy, policy);
}

}  // namespace plelab
