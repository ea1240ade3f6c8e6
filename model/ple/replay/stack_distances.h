// The hits of LRU caches of every capacity, from one pass over a stream of rows.
// Mattson and others, "Evaluation techniques for storage hierarchies" (1970).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plelab {

// For each request, how many distinct rows were asked for since the last request for the same row, that row
// included: an LRU cache that starts empty answers it if and only if it holds at least that many rows.  0 for
// the first request for a row, which no cache answers.  REQUIRES 0 ≤ row < vocab.
std::vector<int32_t> StackDistances(std::span<const int64_t> rows, int64_t vocab);

// Element c is the number of requests that an LRU cache of c rows answers, c from 0 to the number of distinct
// rows; more rows answer no more.  REQUIRES 0 ≤ row < vocab.
std::vector<int64_t> LruHitsByCapacity(std::span<const int64_t> rows, int64_t vocab);

}  // namespace plelab
