// The answers of cache_locality by domain: what the order of the tokens adds to the hits of a cache, how much
// of the way from LRU to the optimum each policy goes, and what a static set is worth that was learned
// elsewhere.
#pragma once

#include <string>
#include <vector>

#include "experiments/questions/locality_stream.h"
#include "harness/record/record.h"
#include "model/ple/policies/cache_policies.h"

namespace plelab {

// The series of a policy whose cache has seen the learned rows.
std::string SeriesOf(const CachePolicyRow& policy);

// In all of these, label is the domain and x the capacity in rows; results/README.md says what the series
// are.
//   /curves/domain_hits       hits per lookup of the measured rows
//   /curves/domain_above_lru  the same less those of lru_warmed, token by token
//   /curves/domain_gap        the share of the way from lru_warmed to optimal_warmed
//   /curves/domain_stream     (series: the domain) how many tokens and rows it has
std::vector<Curve> CompareDomains(const LocalitySection& section, const std::vector<LocalityStream>& domains);

// What is printed at the end of a run: one line for each domain at a few capacities.
std::string DomainSummary(const Record& record);

}  // namespace plelab
