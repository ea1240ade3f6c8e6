#include "harness/measure/trace_hits.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "model/base/random_bits.h"
#include "model/ple/sources/cached_ple.h"

namespace plelab {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// A source of rows that all have one value, zero, and are read from nowhere.  Hits depend on which rows are
// requested, not on their values.
class FreeRows : public PleSource {
 public:
  explicit FreeRows(int64_t vocab) : geometry_{.vocab = vocab, .layers = 1, .dim = 1} {}

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    return std::make_unique<Request>(std::ssize(ids) * geometry_.row_bytes());
  }
  PleStats stats() const override { return {}; }
  const PleGeometry& geometry() const override { return geometry_; }
  int64_t fast_bytes() const override { return 0; }

 private:
  class Request : public PleRequest {
   public:
    explicit Request(int64_t bytes) : rows_(static_cast<size_t>(bytes)) {}
    std::span<const std::byte> Layer(int64_t) override { return rows_; }

   private:
    std::vector<std::byte> rows_;
  };

  PleGeometry geometry_;
};

// For each step, the next step that requests the same row; kNever when there is none.
std::vector<int64_t> NextUses(RowStream stream) {
  std::vector<int64_t> next(stream.size(), kNever);
  std::unordered_map<int64_t, int64_t> seen;
  for (int64_t i = std::ssize(stream) - 1; i >= 0; --i) {
    const auto found = seen.find(stream[i]);
    if (found != seen.end()) next[i] = found->second;
    seen[stream[i]] = i;
  }
  return next;
}

}  // namespace

Hits LruHits(RowStream stream, int64_t vocab, int64_t capacity, RowStream warm) {
  auto below = std::make_unique<FreeRows>(vocab);
  const int64_t capacity_bytes = capacity * below->geometry().row_bytes();
  CachedPle cache(std::move(below), capacity_bytes, warm);
  Hits hits;
  hits.reserve(stream.size());
  for (const int64_t row : stream) {
    const int64_t before = cache.stats().hits;
    cache.Begin({&row, 1})->Layer(0);
    hits.push_back(static_cast<double>(cache.stats().hits - before));
  }
  return hits;
}

Hits OptimalHits(RowStream stream, int64_t capacity) {
  const std::vector<int64_t> next = NextUses(stream);
  std::set<int64_t> held;  // the next use of each held row, which identifies it: a step uses one row
  Hits hits;
  hits.reserve(stream.size());
  for (int64_t i = 0; i < std::ssize(stream); ++i) {
    hits.push_back(held.erase(i) > 0 ? 1 : 0);
    if (next[i] == kNever) continue;  // the row is not requested again
    held.insert(next[i]);
    if (std::ssize(held) > capacity) held.erase(std::prev(held.end()));
  }
  return hits;
}

Hits StaticHits(RowStream stream, RowStream learn, int64_t capacity) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t row : learn) ++counts[row];
  std::vector<std::pair<int64_t, int64_t>> ranked;  // (−count, row)
  for (const auto& [row, count] : counts) ranked.emplace_back(-count, row);
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min(ranked.size(), static_cast<size_t>(capacity)));

  std::unordered_set<int64_t> held;
  for (const auto& entry : ranked) held.insert(entry.second);
  Hits hits;
  for (const int64_t row : stream) hits.push_back(held.contains(row) ? 1 : 0);
  return hits;
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
