// The table of cache policies: all that there is to know about each.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "model/ple/sources/row_cache.h"

namespace plelab {

enum class CachePolicy : int {
  kLru,
  kCount  // of policies; none itself
};

struct CachePolicyRow {
  CachePolicy policy;
  std::string_view name;  // as in `policy: lru`
  std::string_view help;  // one line
  // An empty cache of `capacity` rows (0 ≤ capacity ≤ vocab) of a table [vocab] with row_bytes each.
  std::unique_ptr<RowCache> (*make)(int64_t vocab, int64_t row_bytes, int64_t capacity);
};

// In the order of the enumeration, which is the order of lists that users see.
std::span<const CachePolicyRow> CachePolicies();
const CachePolicyRow& RowOf(CachePolicy policy);

}  // namespace plelab
