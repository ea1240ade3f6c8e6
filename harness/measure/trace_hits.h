// Which lookups of a stream of rows a cache answers: the project's own LRU as it runs, and the policies that
// it is compared with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plelab {

using RowStream = std::span<const int64_t>;  // rows in the order in which they are requested, one per step

// [stream]: 1 for a hit, 0 for a miss.
using Hits = std::vector<double>;

// The hits of the real CachedPle with room for `capacity` rows over a source that costs nothing, with one
// request per row.  The cache starts empty, or as it is after `warm`.  REQUIRES 0 ≤ row < vocab.
Hits LruHits(RowStream stream, int64_t vocab, int64_t capacity, RowStream warm = {});

// The most hits that any cache of this capacity can have when it starts empty (Belady's MIN).  It knows the
// future, keeps the rows that are used again soonest, and need not keep a row that it has just read.
Hits OptimalHits(RowStream stream, int64_t capacity);

// The hits of a cache that always holds the `capacity` most frequent rows of `learn`; of equally frequent
// rows it prefers the smaller row number.
Hits StaticHits(RowStream stream, RowStream learn, int64_t capacity);

// The same rows in random order, of whose locality only the frequencies are left.
std::vector<int64_t> Shuffled(RowStream stream, uint64_t seed);

int64_t DistinctRows(RowStream stream);

// The capacities least, 2 · least, 4 · least, … below `distinct`, and `distinct` itself, with which only
// first uses miss.
std::vector<int64_t> CapacityGrid(int64_t least, int64_t distinct);

}  // namespace plelab
