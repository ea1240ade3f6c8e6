#include "harness/phase.h"

#include "harness/token_text.h"

namespace plelab {

SourceMaker DefaultSourceMaker() {
  return [](const VariantConfig& variant, const PleTable& table, std::span<const int64_t> warm_ids) {
    PleSourceContext context;
    context.warm_ids = warm_ids;
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
    if (IsExact(context.config.variants[v].ple)) return v;
  }
  return -1;
}

Workload WorkloadOf(const ExperimentConfig& config, const WorkloadSection& section,
                    const Checkpoint& checkpoint) {
  const TokenText text = ReadTokenText(section.text_file, section.trace, checkpoint);
  return CutWorkload(text, section, config.design.warmup_steps, checkpoint.config().bos_token_id);
}

std::string CacheStartOf(const PleOptions& options) {
  for (const auto& [key, value] : DescribePleOptions(options)) {
    if (key == "initial") return value;
  }
  return "none";
}

}  // namespace plelab
