// Which lookups of a stream of rows a cache answers, by policy, and the most that any cache could answer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plelab {

enum class CachePolicy : int;  // model/ple/policies/cache_policies.h

using RowStream = std::span<const int64_t>;  // rows in the order in which they are requested, one per step

// [stream]: 1 for a hit, 0 for a miss.
using Hits = std::vector<double>;

// The hits of a cache of `capacity` rows that is asked for one row at a time, with the code of the live
// cache. before: what it has seen before, nothing by default.  A policy that learns (static_hot) takes its
// rows from there and holds them from the start.
Hits PolicyHits(CachePolicy policy, RowStream stream, int64_t capacity, RowStream before = {});

// The most hits that any cache of this capacity can have (Belady's MIN) when it starts with rows of `before`,
// whichever are best; without them it starts empty.  It knows the future, and need not keep a row that it has
// just read.
Hits OptimalHits(RowStream stream, int64_t capacity, RowStream before = {});

// The same rows in random order, of whose locality only the frequencies are left.
std::vector<int64_t> Shuffled(RowStream stream, uint64_t seed);

// The positions 0 … tokens − 1 in random order within each passage of so many: whatever is said in a passage
// stays in it.  With one passage, Shuffled(stream, seed) has the rows of `stream` in this order.
std::vector<int64_t> RandomOrder(int64_t tokens, int64_t passage, uint64_t seed);

// PolicyHits of the stream's rows in another order, each hit at the row's own position in the stream, so that
// neighbours in the text stay neighbours.  REQUIRES that `order` has each of the positions 0 … n − 1 once.
Hits PolicyHitsInOrder(CachePolicy policy, RowStream stream, std::span<const int64_t> order, int64_t capacity,
                       RowStream before = {});

int64_t DistinctRows(RowStream stream);

// The capacities least, 2 · least, 4 · least, … below `distinct`, and `distinct` itself, with which only
// first uses miss.
std::vector<int64_t> CapacityGrid(int64_t least, int64_t distinct);

}  // namespace plelab
