#include "experiments/replay/measure/cache_hits.h"

#include <numeric>
#include <random>

#include "model/base/random_bits.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/replay.h"

namespace plelab {
namespace {

constexpr CachePolicy kShown[] = {CachePolicy::kLru, CachePolicy::kS3Fifo, CachePolicy::kTinyLfu,
                                  CachePolicy::kStaticHot};
constexpr uint64_t kShuffleSeed = 1;

CacheHits HitsOf(const CachePolicyRow& policy, std::span<const int64_t> ids, int64_t row_bytes,
                 int64_t bytes) {
  const size_t half = ids.size() / 2;
  const int64_t rows = bytes / row_bytes;
  const auto cache = MakeWarmed(policy, rows, ids.first(half));
  const std::vector<uint8_t> hits = Replay(*cache, ids.subspan(half));
  const auto count = std::accumulate(hits.begin(), hits.end(), int64_t{0});
  return {.policy = std::string(policy.name),
          .cache_bytes = bytes,
          .rows = rows,
          .lookups = std::ssize(hits),
          .hit_rate = static_cast<double>(count) / static_cast<double>(hits.size())};
}

}  // namespace

std::vector<CacheHits> CountCacheHits(std::span<const int64_t> ids, int64_t row_bytes,
                                      std::span<const int64_t> cache_bytes) {
  std::vector<int64_t> shuffled(ids.begin(), ids.end());
  std::mt19937_64 random(kShuffleSeed);
  Shuffle(shuffled, [&](size_t) { return random(); });
  std::vector<CacheHits> hits;
  for (const int64_t bytes : cache_bytes) {
    for (const CachePolicy policy : kShown) hits.push_back(HitsOf(RowOf(policy), ids, row_bytes, bytes));
    hits.push_back(HitsOf(RowOf(CachePolicy::kLru), shuffled, row_bytes, bytes));
    hits.back().policy += ", shuffled";
  }
  return hits;
}

}  // namespace plelab
