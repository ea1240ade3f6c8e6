#include "harness/measure/trace_hits.h"

#include <random>
#include <unordered_set>

#include "model/base/random_bits.h"
#include "model/ple/policies/belady.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/policies/static_hot.h"
#include "model/ple/replay/replay.h"

namespace plelab {
namespace {

Hits CountHits(EvictionPolicy& policy, RowStream stream) {
  const std::vector<uint8_t> hits = Replay(policy, stream);
  return {hits.begin(), hits.end()};
}

}  // namespace

Hits PolicyHits(CachePolicy policy, RowStream stream, int64_t capacity, RowStream before) {
  const CachePolicyRow& row = RowOf(policy);
  const auto made = row.make(capacity, before);
  if (row.learns) {
    for (const int64_t hot : MostFrequentRows(before, capacity)) made->Admit(hot);
  } else {
    Replay(*made, before);
  }
  return CountHits(*made, stream);
}

Hits OptimalHits(RowStream stream, int64_t capacity) {
  BeladyPolicy policy(capacity, stream);
  return CountHits(policy, stream);
}

std::vector<int64_t> Shuffled(RowStream stream, uint64_t seed) {
  std::vector<int64_t> rows(stream.begin(), stream.end());
  std::mt19937_64 random(seed);
  Shuffle(rows, [&random](size_t) { return random(); });
  return rows;
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
