#include "model/ple/replay/replay.h"

#include "model/ple/policies/static_hot.h"

namespace plelab {

std::unique_ptr<EvictionPolicy> MakeWarmed(const CachePolicyRow& policy, int64_t capacity,
                                           std::span<const int64_t> before) {
  auto made = policy.make(capacity, before);
  if (policy.learns) {
    Replay(*made, MostFrequentRows(before, capacity));
  } else {
    Replay(*made, before);
  }
  return made;
}

std::vector<uint8_t> Replay(EvictionPolicy& policy, std::span<const int64_t> rows) {
  std::vector<uint8_t> hits;
  hits.reserve(rows.size());
  for (const int64_t row : rows) {
    const bool hit = policy.Touch(row) != EvictionPolicy::kNone;
    if (!hit) policy.Admit(row);
    hits.push_back(hit ? 1 : 0);
  }
  return hits;
}

}  // namespace plelab
