// The table of cache policies: everything that the program knows about each.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "model/ple/sources/row_cache.h"

namespace plelab {

enum class CachePolicy : int {
  kLru,
  kCount  // the number of policies, not a policy
};

struct CachePolicyRow {
  CachePolicy policy;
  std::string_view name;  // as in `policy: lru`
  std::string_view help;  // one line
  // Makes an empty cache with room for `capacity` rows, 0 ≤ capacity ≤ vocab, of a table of `vocab` rows with
  // row_bytes bytes each.
  std::unique_ptr<RowCache> (*make)(int64_t vocab, int64_t row_bytes, int64_t capacity);
};

// In the order of the enumeration, which is also the order in which users see them.
std::span<const CachePolicyRow> CachePolicies();
const CachePolicyRow& RowOf(CachePolicy policy);

}  // namespace plelab
