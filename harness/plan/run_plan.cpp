#include "harness/plan/run_plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "model/base/random_bits.h"

namespace plelab {

std::vector<VariantGroup> GroupVariants(const ExperimentConfig& config) {
  std::vector<VariantGroup> groups;
  for (size_t i = 0; i < config.variants.size(); ++i) {
    const auto& variant = config.variants[i];
    auto group = std::find_if(groups.begin(), groups.end(), [&](const VariantGroup& g) {
      return g.model == variant.model && g.workload == variant.workload;
    });
    if (group == groups.end()) {
      groups.push_back({variant.model, variant.workload, {}, -1});
      group = groups.end() - 1;
    }
    group->variants.push_back(static_cast<int64_t>(i));
    if (group->baseline < 0 && IsExact(variant)) group->baseline = static_cast<int64_t>(i);
  }
  return groups;
}

std::vector<VariantRow> VariantRows(const ExperimentConfig& config) {
  std::vector<VariantRow> rows;
  for (const auto& variant : config.variants) {
    VariantRow row;
    row.variant = variant.name;
    row.strategy = std::string(Name(variant.ple.strategy));
    nlohmann::ordered_json options = nlohmann::ordered_json::object();
    for (const auto& [key, value] : DescribePleOptions(variant.ple)) options[key] = value;
    row.options_json = options.dump();
    row.exact = IsExact(variant);
    rows.push_back(row);
  }
  for (const auto& group : GroupVariants(config)) {
    if (group.baseline < 0) continue;
    for (int64_t i : group.variants) rows[i].baseline = config.variants[group.baseline].name;
  }
  return rows;
}

std::vector<int64_t> RotatedOrder(int64_t n, int64_t by) {
  std::vector<int64_t> order(n);
  for (int64_t i = 0; i < n; ++i) order[i] = (i + by) % n;
  return order;
}

std::vector<int64_t> ShuffledOrder(int64_t n, int64_t seed, int64_t stream) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::seed_seq seeds{static_cast<uint64_t>(seed), static_cast<uint64_t>(stream)};
  std::mt19937_64 generator(seeds);
  Shuffle(order, [&generator](size_t) { return generator(); });
  return order;
}

}  // namespace plelab
