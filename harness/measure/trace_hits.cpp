#include "harness/measure/trace_hits.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <unordered_set>

#include "model/base/random_bits.h"
#include "model/ple/policies/belady.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/replay.h"

namespace plelab {
namespace {

Hits CountHits(EvictionPolicy& policy, RowStream stream) {
  const std::vector<uint8_t> hits = Replay(policy, stream);
  return {hits.begin(), hits.end()};
}

}  // namespace

Hits PolicyHits(CachePolicy policy, RowStream stream, int64_t capacity, RowStream before) {
  return CountHits(*MakeWarmed(RowOf(policy), capacity, before), stream);
}

// Asking for each row of `before` once lets the policy choose among them, and none of these requests can be a
// hit, so that all hits which it maximises are those of the stream.
Hits OptimalHits(RowStream stream, int64_t capacity, RowStream before) {
  std::vector<int64_t> rows(before.begin(), before.end());
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  const auto asked_before = static_cast<std::ptrdiff_t>(rows.size());
  rows.insert(rows.end(), stream.begin(), stream.end());
  BeladyPolicy policy(capacity, rows);
  const std::vector<uint8_t> hits = Replay(policy, rows);
  return {hits.begin() + asked_before, hits.end()};
}

std::vector<int64_t> Shuffled(RowStream stream, uint64_t seed) {
  std::vector<int64_t> rows(stream.begin(), stream.end());
  std::mt19937_64 random(seed);
  Shuffle(rows, [&random](size_t) { return random(); });
  return rows;
}

std::vector<int64_t> RandomOrder(int64_t tokens, int64_t passage, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int64_t> order;
  for (int64_t begin = 0; begin < tokens; begin += passage) {
    std::vector<int64_t> positions(static_cast<size_t>(std::min(passage, tokens - begin)));
    std::iota(positions.begin(), positions.end(), begin);
    Shuffle(positions, [&random](size_t) { return random(); });
    order.insert(order.end(), positions.begin(), positions.end());
  }
  return order;
}

Hits PolicyHitsInOrder(CachePolicy policy, RowStream stream, std::span<const int64_t> order, int64_t capacity,
                       RowStream before) {
  std::vector<int64_t> rows;
  for (const int64_t position : order) rows.push_back(stream[position]);
  const Hits by_turn = PolicyHits(policy, rows, capacity, before);
  Hits hits(order.size());
  for (size_t i = 0; i < order.size(); ++i) hits[order[i]] = by_turn[i];
  return hits;
}

int64_t DistinctRows(RowStream stream) {
  return std::ssize(std::unordered_set<int64_t>(stream.begin(), stream.end()));
}

std::vector<int64_t> CapacityGrid(int64_t least, int64_t distinct) {
  std::vector<int64_t> grid;
  for (int64_t rows = least; rows < distinct; rows *= 2) grid.push_back(rows);
  grid.push_back(distinct);
  return grid;
}

}  // namespace plelab
