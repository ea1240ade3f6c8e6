#include "experiments/questions/locality_curves.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>
#include <vector>

#include "harness/support/statistics.h"
#include "model/base/format.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/stack_distances.h"

namespace plelab {
namespace {

constexpr int64_t kCapacities[] = {64, 256, 1024, 4096};
constexpr int64_t kMostUsers = 64;
constexpr double kCapacitiesPerDoubling = 10;

// Those of kCapacities that do not hold all rows of the text anyway; at least the smallest.
std::vector<int64_t> CapacitiesFor(const TextRows& text) {
  std::vector<int64_t> capacities = {kCapacities[0]};
  const int64_t distinct = DistinctRows(text.measured);
  for (const int64_t rows : kCapacities) {
    if (rows > kCapacities[0] && rows < distinct) capacities.push_back(rows);
  }
  return capacities;
}

Interval Exactly(double value) { return {value, kNan, kNan}; }

// The position in the text of each turn: token t of each user, then token t + 1.  What is left of the text
// after equal stretches is left out.
std::vector<int64_t> TurnsOf(int64_t tokens, int64_t users) {
  const int64_t each = tokens / users;
  std::vector<int64_t> turns;
  turns.reserve(each * users);
  for (int64_t token = 0; token < each; ++token) {
    for (int64_t user = 0; user < users; ++user) turns.push_back(user * each + token);
  }
  return turns;
}

}  // namespace

void AddPoint(Curve& curve, const std::string& series, int64_t label, int64_t x, const Interval& y) {
  CurveRow row;
  row.series = series;
  row.label = std::to_string(label);
  row.x = static_cast<double>(x);
  row.y = y.value;
  row.low = y.low;
  row.high = y.high;
  curve.rows.push_back(row);
}

Curve LruByCapacity(const TextRows& text) {
  Curve curve{"lru_by_capacity", "bytes", "hits per lookup", {}};
  const std::vector<int64_t> hits = LruHitsByCapacity(text.measured, text.vocab);
  const auto lookups = static_cast<double>(text.measured.size());
  const int64_t most = std::ssize(hits) - 1;
  int64_t before = 0;
  for (double exact = 1; before < most; exact *= std::exp2(1 / kCapacitiesPerDoubling)) {
    const int64_t capacity = std::min<int64_t>(most, std::llround(exact));
    if (capacity == before) continue;
    AddPoint(curve, "lru", capacity, capacity * text.row_bytes,
             Exactly(static_cast<double>(hits[capacity]) / lookups));
    before = capacity;
  }
  return curve;
}

Curve VocabularyGrowth(const TextRows& text) {
  Curve curve{"vocabulary_growth", "tokens", "distinct rows", {}};
  const auto add = [&](const std::string& series, RowStream rows) {
    std::unordered_set<int64_t> seen;
    int64_t next = 1;
    for (int64_t i = 0; i < std::ssize(rows); ++i) {
      seen.insert(rows[i]);
      if (i + 1 != next && i + 1 != std::ssize(rows)) continue;
      AddPoint(curve, series, i + 1, i + 1, Exactly(static_cast<double>(seen.size())));
      next *= 2;
    }
  };
  add("text", text.measured);
  add("shuffled", Shuffled(text.measured, text.seed + 1));
  return curve;
}

Curve InterleavedUsers(const TextRows& text) {
  Curve curve{"interleaved_users", "users", "hits per lookup", {}};
  for (const int64_t capacity : CapacitiesFor(text)) {
    for (int64_t users = 1; users <= std::min(kMostUsers, std::ssize(text.measured)); users *= 2) {
      const std::vector<int64_t> turns = TurnsOf(std::ssize(text.measured), users);
      for (const CachePolicyRow& policy : CachePolicies()) {
        const Hits hits = PolicyHitsInOrder(policy.policy, text.measured, turns, capacity, text.learned);
        AddPoint(curve, std::string(policy.name), capacity, users,
                 BlockBootstrapMean(hits, kPassageTokens, text.bootstrap, text.seed));
      }
    }
  }
  return curve;
}

Curve AfterIdle(const TextRows& text) {
  Curve curve{"after_idle", "tokens", "hits per lookup", {}};
  const int64_t starts = std::ssize(text.measured) / kIdleStretch;
  for (const int64_t capacity : CapacitiesFor(text)) {
    std::vector<Hits> runs;
    for (int64_t start = 0; start < starts; ++start) {
      runs.push_back(
          PolicyHits(CachePolicy::kLru, text.measured.subspan(start * kIdleStretch, kIdleStretch), capacity));
    }
    for (int64_t end = 16; starts > 0 && end <= kIdleStretch; end *= 2) {
      Hits hits;  // of this stretch of every run
      for (const Hits& run : runs) hits.insert(hits.end(), run.begin() + end / 2, run.begin() + end);
      AddPoint(curve, "lru", capacity, end, BlockBootstrapMean(hits, end / 2, text.bootstrap, text.seed));
    }
  }
  return curve;
}

}  // namespace plelab
