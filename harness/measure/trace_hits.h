// Which lookups of a stream of rows a small cache answers: the project's own LRU as it runs, and what it is
// held against.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plelab {

using RowStream = std::span<const int64_t>;  // rows in the order in which they are asked, one per step

// [stream]: 1 for a hit, 0 for a miss.
using Hits = std::vector<double>;

// Of the real CachedPle with room for `capacity` rows, over a source that costs nothing: one request per
// row.  It starts empty, or as after `warm`.  REQUIRES 0 ≤ row < vocab.
Hits LruHits(RowStream stream, int64_t vocab, int64_t capacity, RowStream warm = {});

// The most hits that any cache of that capacity can have which starts empty (Belady's MIN): it knows the
// future, keeps the rows that come back soonest, and need not keep a row that it has just read.
Hits OptimalHits(RowStream stream, int64_t capacity);

// Of the `capacity` most frequent rows of `learn`, held for good; of equally frequent ones the smaller.
Hits StaticHits(RowStream stream, RowStream learn, int64_t capacity);

// The same rows in random order: what is left of their locality is their frequency.
std::vector<int64_t> Shuffled(RowStream stream, uint64_t seed);

int64_t DistinctRows(RowStream stream);

// least, 2 · least, … below `distinct`, and `distinct` itself, where only first uses miss.
std::vector<int64_t> CapacityGrid(int64_t least, int64_t distinct);

}  // namespace plelab
