// How many rows each step reads from storage: those of a recorded text that no cache holds.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/ple/cache/eviction_policy.h"

namespace plelab {

// What steps ask of storage, group by group of rows that are needed at the same moment.
struct StepReads {
  std::vector<std::vector<int32_t>> reads;  // [steps][groups], distinct rows that are read
  double rows_per_step = 0;                 // that are asked for, repeats included
  double hit_rate = 0;                      // of the rows that are asked for, answered from memory
};

// Rows that one step asks for: [groups][rows].
using AskedRows = std::vector<std::vector<int64_t>>;

// Steps 0 … steps − 1, as `cached` counts them (model/ple/sources/cached_ple.h): all rows of a step are
// looked for before any of them enters the cache, and a row that is asked for twice is read once.  The first
// `warmup` steps only fill the cache.  cache: a policy without rows; one of capacity 0 answers nothing.
// REQUIRES 0 ≤ warmup < steps, and as many groups in each step.
StepReads CountStepReads(const std::function<AskedRows(int64_t step)>& rows_of_step, int64_t steps,
                         int64_t warmup, EvictionPolicy& cache);

// Every step asks for as many distinct rows, of which none is in memory: [groups] rows.
StepReads AlwaysMissing(const std::vector<int32_t>& rows_of_groups);

}  // namespace plelab
