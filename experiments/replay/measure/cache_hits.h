// What caches would answer of a recorded text, counted without reading anything.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plelab {

struct CacheHits {
  std::string policy = {};  // as in `policy: lru`; "lru, shuffled": the same ids in a random order
  int64_t cache_bytes = 0;
  int64_t rows = 0;     // that fit
  int64_t lookups = 0;  // counted: those of the second half of the text
  double hit_rate = 0;
};

// The first half of `ids` warms the cache, or teaches a policy that learns; hits are counted on the second.
// The shuffled text is the control: what a cache hits there comes from frequent tokens alone, not from
// locality.  REQUIRES at least two ids.
std::vector<CacheHits> CountCacheHits(std::span<const int64_t> ids, int64_t row_bytes,
                                      std::span<const int64_t> cache_bytes);

}  // namespace plelab
