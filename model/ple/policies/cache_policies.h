// The table of cache policies: everything that the program knows about each.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "model/ple/cache/eviction_policy.h"

namespace plelab {

enum class CachePolicy : int {
  kLru,
  kLfu,
  kClock,
  kS3Fifo,
  kSieve,
  kTinyLfu,
  kStaticHot,
  kCount  // the number of policies, not a policy
};

struct CachePolicyRow {
  CachePolicy policy;
  std::string_view name;  // as in `policy: lru`
  std::string_view help;  // one line
  // Whether it is made from the rows of another text (`hot_from`), of which whoever makes it lets it take in
  // MostFrequentRows before the first request.
  bool learns = false;
  // Makes the policy of an empty cache for `capacity` rows, 0 ≤ capacity < 2^31.  learned: the rows of
  // another text, for a policy that learns; otherwise ignored.
  std::unique_ptr<EvictionPolicy> (*make)(int64_t capacity, std::span<const int64_t> learned);
};

// In the order of the enumeration, which is also the order in which users see them.
std::span<const CachePolicyRow> CachePolicies();
const CachePolicyRow& RowOf(CachePolicy policy);

}  // namespace plelab
