#include "harness/plan/phase.h"

#include "harness/workload/token_text.h"
#include "model/tokens/media_prompt.h"

namespace plelab {
namespace {

// A trace has no tokenizer: its blank lines around media are left out.
std::vector<int64_t> MediaIds(const TokenText& text, const MediaFiles& files, const Gemma3nConfig& config) {
  if (text.tokenizer) {
    const std::string marks = PlaceMedia("", files.count(), /*trim=*/true);
    return EncodeWithMedia(*text.tokenizer, config, marks, files.count());
  }
  std::vector<int64_t> ids;
  const auto extend = [&](const std::vector<int64_t>& more) {
    ids.insert(ids.end(), more.begin(), more.end());
  };
  for (int64_t i = 0; i < files.count().images; ++i) extend(ImageIds(config));
  for (int64_t i = 0; i < files.count().clips; ++i) extend(ClipIds(config));
  return ids;
}

}  // namespace

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
    if (IsExact(context.config.variants[v])) return v;
  }
  return -1;
}

Workload WorkloadOf(const ExperimentConfig& config, const WorkloadSection& section,
                    const Checkpoint& checkpoint) {
  const TokenText text = ReadTokenText(section.text_file, section.trace, checkpoint);
  Workload work = CutWorkload(text, section, config.design.warmup_steps, checkpoint.config().bos_token_id);
  const MediaFiles files{section.images, section.audio};
  if (files.count().images + files.count().clips > 0) {
    ShowMedia(work, ReadMedia(files, checkpoint), MediaIds(text, files, checkpoint.config()));
  }
  return work;
}

std::string CacheStartOf(const PleOptions& options) {
  for (const auto& [key, value] : DescribePleOptions(options)) {
    if (key == "initial") return value;
  }
  return "none";
}

}  // namespace plelab
