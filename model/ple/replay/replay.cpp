#include "model/ple/replay/replay.h"

namespace plelab {

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
