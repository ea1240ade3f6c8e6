#include "harness/plan/variant_groups.h"

#include <algorithm>
#include <set>
#include <utility>

#include "model/base/error.h"
#include "model/base/format.h"

namespace plelab {
namespace {

// Everything but the name.
bool SameConditions(const VariantGroup& a, const VariantGroup& b) {
  return a.model == b.model && a.workload == b.workload && a.page_cache == b.page_cache;
}

VariantGroup GroupOf(const RunPlan& plan, const VariantConfig& config) {
  return {config.model, config.workload, config.page_cache, TakesTurns(plan.config) ? config.group : "", {}};
}

void AddToGroup(RunPlan& plan, int64_t v) {
  VariantPlan& variant = plan.variants[v];
  const VariantGroup own = GroupOf(plan, variant.config);
  auto group = std::ranges::find_if(
      plan.groups, [&](const VariantGroup& g) { return g.name == own.name && SameConditions(g, own); });
  if (group == plan.groups.end()) {
    plan.groups.push_back(own);
    group = plan.groups.end() - 1;
  }
  group->variants.push_back(v);
  if (group->baseline < 0 && variant.exact) group->baseline = v;
  variant.group = group - plan.groups.begin();
}

// Adds a variant that is timed only: one like `v` in another group or under another name.
int64_t AddCopy(RunPlan& plan, int64_t v, const std::string& suffix, int64_t group) {
  VariantPlan copy = plan.variants[v];
  copy.config.name += suffix;
  copy.config.group = plan.groups[group].name;
  copy.row.variant = copy.config.name;
  copy.group = group;
  plan.variants.push_back(std::move(copy));
  return std::ssize(plan.variants) - 1;
}

// A named group is compared with the baseline that the variants without a group have: with its own copy of
// it, because differences are paired within a group.
void GiveBaseline(RunPlan& plan, int64_t g) {
  VariantGroup& group = plan.groups[g];
  if (group.name.empty()) return;
  const auto main = std::ranges::find_if(plan.groups, [&](const VariantGroup& other) {
    return other.name.empty() && other.baseline >= 0 && SameConditions(other, group);
  });
  if (main == plan.groups.end()) return;
  const PleOptions& wanted = plan.variants[main->baseline].config.ple;
  const auto own = std::ranges::find_if(group.variants, [&](int64_t v) {
    return plan.variants[v].exact &&
           DescribePleOptions(plan.variants[v].config.ple) == DescribePleOptions(wanted);
  });
  if (own != group.variants.end()) {
    group.baseline = *own;
    std::rotate(group.variants.begin(), own, own + 1);  // a group's baseline stands before the others
    return;
  }
  group.baseline = AddCopy(plan, main->baseline, "@" + group.name, g);
  group.variants.insert(group.variants.begin(), group.baseline);
}

void AddControl(RunPlan& plan, int64_t g) {
  VariantGroup& group = plan.groups[g];
  if (!plan.config.design.control || !TakesTurns(plan.config) || group.baseline < 0) return;
  if (group.variants.size() < 2) return;
  group.control = AddCopy(plan, group.baseline, kControlSuffix, g);
}

// The name that the user gave, else that of the group's first variant; both where a sweep splits a named
// group.
std::string LabelOf(const RunPlan& plan, const VariantGroup& group) {
  const std::string first = plan.variants[group.variants.front()].name();
  if (group.name.empty()) return first;
  const auto same = std::ranges::count(plan.groups, group.name, &VariantGroup::name);
  return same == 1 ? group.name : group.name + ":" + first;
}

// The config's own names differ from each other; what is added could be called as one of them.
void RequireDifferentNames(const RunPlan& plan) {
  std::set<std::string> names;
  for (const VariantPlan& variant : plan.variants) {
    if (names.insert(variant.name()).second) continue;
    throw UserError(
        "{}: '{}' would be two variants: the run adds BASELINE{} as the twin of a baseline and "
        "BASELINE@GROUP as its copy in a group; rename the variant or the group",
        plan.config.name, variant.name(), kControlSuffix);
  }
}

}  // namespace

bool TakesTurns(const ExperimentConfig& config) {
  return RunsWorkload(config) && config.design.isolate == Isolate::kStep;
}

void FormGroups(RunPlan& plan) {
  for (int64_t v = 0; v < std::ssize(plan.config.variants); ++v) AddToGroup(plan, v);
  for (int64_t g = 0; g < std::ssize(plan.groups); ++g) GiveBaseline(plan, g);
  for (int64_t g = 0; g < std::ssize(plan.groups); ++g) AddControl(plan, g);
  RequireDifferentNames(plan);
  for (VariantPlan& variant : plan.variants) {
    const VariantGroup& group = plan.groups[variant.group];
    if (group.baseline >= 0) variant.row.baseline = plan.variants[group.baseline].name();
    if (RunsWorkload(plan.config)) variant.row.group = LabelOf(plan, group);
  }
}

}  // namespace plelab
