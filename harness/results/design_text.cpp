#include "harness/results/design_text.h"

#include <algorithm>

#include "harness/config/config_fields.h"
#include "harness/statistics/student.h"
#include "harness/support/units.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr size_t kColumnsOfText = 96;

std::string OrderText(const DesignSection& design) {
  if (design.isolate == Isolate::kProcess) {
    return Format("order: a process for each variant and repetition, shuffled (seed {}); {} repetitions\n",
                  design.seed, design.reps);
  }
  const char* meaning = design.order == Order::kWilliams ? "each follows each other one equally often"
                                                         : "drawn anew for each step";
  const int64_t processes = std::clamp<int64_t>(design.processes, 1, std::max<int64_t>(design.reps, 1));
  return Format(
      "order: {}, turns step by step, {} (seed {})\n"
      "repetitions: {}, in {} process{}; at least {} between turns\n",
      Word(design.order), meaning, design.seed, design.reps, processes, processes == 1 ? "" : "es",
      ReadableSeconds(static_cast<double>(design.settle.ns) * 1e-9));
}

std::string ControlText(const RunPlan& plan) {
  std::vector<std::string> twins;
  for (const VariantGroup& group : plan.groups) {
    if (group.control >= 0) twins.push_back(plan.variants[group.control].name());
  }
  if (twins.empty()) return "controls: none\n";
  return Format("controls: {}; predecessor × variant by permutation\n", Join(twins, ", "));
}

// What the variants of a group share: "bfloat16, 2 threads, page cache cold, evict_each_step".
std::string Conditions(const VariantGroup& group) {
  const bool rounds = CacheDType(group.model) != group.model.dtype;
  std::string text = Format("{}{}, {} thread{}, page cache {}", Word(group.model.dtype),
                            rounds ? ", keys and values in int8" : "", group.model.threads,
                            group.model.threads == 1 ? "" : "s", Word(group.page_cache.initial));
  if (group.page_cache.maintain != PageCacheMaintain::kNone) {
    text += Format(", {}", Word(group.page_cache.maintain));
  }
  if (group.page_cache.limit.bytes > 0) text += ", limit " + ReadableBytes(group.page_cache.limit.bytes);
  return text;
}

// Names on lines of at most kColumnsOfText columns.
std::string Listed(const RunPlan& plan, const std::vector<int64_t>& variants) {
  std::string text, line = "   ";
  for (const int64_t v : variants) {
    const std::string& name = plan.variants[v].name();
    if (line.size() + 1 + name.size() > kColumnsOfText && line != "   ") {
      text += line + "\n";
      line = "   ";
    }
    line += " " + name;
  }
  return text + line + "\n";
}

std::string DetectableText(const RunPlan& plan, const VariantGroup& group,
                           const std::optional<EarlierRun>& earlier) {
  if (group.baseline < 0) return "no baseline: nothing is compared";
  if (group.variants.size() < 2) return "one variant: nothing is compared";
  const int64_t reps = plan.config.design.reps;
  if (reps < kLeastReps) {
    return Format("smallest difference: none, because below {} repetitions there is no interval", kLeastReps);
  }
  constexpr const char* kUnknownSize = "smallest difference: unknown: ";
  if (!earlier) return Format("{}no earlier run of this config; --pilot measures one", kUnknownSize);
  const auto found = DetectableIn(earlier->record, plan.variants[group.baseline].name(), reps);
  if (!found) {
    return Format("{}{} has no two variants of this group; --pilot measures some", kUnknownSize,
                  earlier->source);
  }
  return Format(
      "smallest difference: {:.3g} µs, {:.2g} % of a step, found with 80 % probability at 5 %\n"
      "    (as '{}' varies in {}, {} repetitions of {} steps)",
      found->difference_ns * 1e-3, found->share_of_step * 100, found->pair, earlier->source, found->reps,
      found->steps_per_rep);
}

std::string GroupText(const RunPlan& plan, size_t g, const std::optional<EarlierRun>& earlier) {
  const VariantGroup& group = plan.groups[g];
  const std::string name = group.name.empty() ? "" : Format(" '{}'", group.name);
  const std::string baseline =
      group.baseline < 0 ? std::string("none") : "'" + plan.variants[group.baseline].name() + "'";
  return Format("group {} of {}{}: {} variant{}, baseline {} ({})\n{}    {}\n", g + 1, plan.groups.size(),
                name, group.variants.size(), group.variants.size() == 1 ? "" : "s", baseline,
                Conditions(group), Listed(plan, group.variants), DetectableText(plan, group, earlier));
}

}  // namespace

std::string DesignText(const RunPlan& plan, const std::optional<EarlierRun>& earlier) {
  if (!RunsWorkload(plan.config)) return "";
  std::string text = OrderText(plan.config.design) + ControlText(plan);
  for (size_t g = 0; g < plan.groups.size(); ++g) text += GroupText(plan, g, earlier);
  return text;
}

}  // namespace plelab
