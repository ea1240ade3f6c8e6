#include "harness/plan/phase.h"

#include "harness/machine/cores.h"
#include "model/ple/strategies/factory.h"

namespace plelab {

SourceMaker DefaultSourceMaker() {
  return [](const VariantConfig& variant, const PleTable& table, std::span<const int64_t> warm_ids) {
    PleSourceContext context;
    context.warm_ids = warm_ids;
    const OnHelperCores helpers;  // the source's threads stay where it was made
    return MakePleSource(variant.ple, table, context);
  };
}

std::vector<int64_t> LiveVariants(const PhaseContext& context, const VariantGroup& group) {
  std::vector<int64_t> live;
  for (int64_t v : group.variants) {
    if (!context.parts.HasFailed(v)) live.push_back(v);
  }
  return live;
}

int64_t LiveBaseline(const PhaseContext& context, const VariantGroup& group) {
  for (int64_t v : LiveVariants(context, group)) {
    if (context.plan.variants[v].exact) return v;
  }
  return -1;
}

}  // namespace plelab
