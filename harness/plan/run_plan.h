// What belongs together in a run: variants on the same weights, threads and workload are measured side by
// side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"

namespace plelab {

// Variants that share one model and one workload: one set of weights serves them all, and they are compared
// with the group's baseline only.
struct VariantGroup {
  ModelSection model;
  WorkloadSection workload;
  std::vector<int64_t> variants;  // indices into config.variants, in the config's order
  int64_t baseline = -1;          // the first exact variant; −1 when the group has none
};

// In the order in which the config first names each.
std::vector<VariantGroup> GroupVariants(const ExperimentConfig& config);

// The rows of /tables/variants before anything ran (status done, footprint not yet known).
std::vector<VariantRow> VariantRows(const ExperimentConfig& config);

// 0, …, n − 1 rotated by `by`.
std::vector<int64_t> RotatedOrder(int64_t n, int64_t by);
// 0, …, n − 1 shuffled; the same (seed, stream) gives the same order everywhere.
std::vector<int64_t> ShuffledOrder(int64_t n, int64_t seed, int64_t stream);

}  // namespace plelab
