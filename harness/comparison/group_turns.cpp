#include "harness/comparison/group_turns.h"

namespace plelab {

GroupTurns TurnsOf(const Record& record, const std::string& baseline) {
  GroupTurns group;
  std::map<std::string, int64_t> number;
  for (const VariantRow& variant : record.variants) {
    if (variant.baseline != baseline || !number.emplace(variant.variant, std::ssize(number)).second) continue;
    group.names.push_back(variant.variant);
  }
  for (const StepRow& row : record.steps) {
    const auto variant = number.find(row.variant), before = number.find(row.predecessor);
    if (variant == number.end() || before == number.end()) continue;
    group.reps[row.rep].push_back(
        {row.step, variant->second, before->second, static_cast<double>(row.step_ns)});
  }
  return group;
}

}  // namespace plelab
