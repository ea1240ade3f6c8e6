// Counts the hits of a cache on a recorded stream of rows, without any row.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/ple/cache/eviction_policy.h"
#include "model/ple/policies/cache_policies.h"

namespace plelab {

// The policy after requests for the rows `before`, one by one; one that learns has learned from them, and
// holds its own rows.
std::unique_ptr<EvictionPolicy> MakeWarmed(const CachePolicyRow& policy, int64_t capacity,
                                           std::span<const int64_t> before);

// Asks the policy for one row after another, as a live cache does when a request has one row.  Returns, for
// each, 1 for a hit and 0 for a miss.
std::vector<uint8_t> Replay(EvictionPolicy& policy, std::span<const int64_t> rows);

}  // namespace plelab
