#include <algorithm>
#include <vector>

#include "harness/experiment_config.h"

namespace plelab {

std::span<const ExperimentInfo> KnownExperiments() {
  static const std::vector<ExperimentInfo> experiments{
      {.name = "ple_strategies",
       .question = "does where the PLE table lives change speed, memory or output?",
       .required = {"model", "workload", "variants"},
       .optional = {"design", "page_cache", "accuracy", "sweep", "zip", "exclude"}},
      {.name = "modalities",
       .question =
           "what do text, images, audio and a mix of them take: time to encode, TTFT, memory by kind?",
       .required = {"model", "workload", "variants"},
       .optional = {"design", "page_cache", "sweep", "zip", "exclude"}},
      {.name = "parameter_groups",
       .question = "what are those parameters: 5 B in the file, 1.91 B advertised?",
       .required = {},
       .optional = {"model", "shapes"}},
      {.name = "ple_ablation",
       .question = "does a token embedding in each layer help, and where: what is lost without it?",
       .required = {"model", "accuracy", "variants"},
       .optional = {"sweep", "zip", "exclude"}},
      {.name = "ple_rank",
       .question = "is the table a signal of low rank: what do fewer bytes cost in accuracy?",
       .required = {"model", "accuracy", "variants"},
       .optional = {"sweep", "zip", "exclude"}},
      {.name = "depth",
       .question = "a shallower stack, layers copied deeper, a narrower one: what do layers and width buy?",
       .required = {"model", "accuracy", "variants"},
       .optional = {"sweep", "zip", "exclude"},
       .edits_layers = true},
      {.name = "ple_contribution",
       .question = "a steering vector: what does PLE add to the streams, by layer, token and context?",
       .required = {"model", "accuracy", "variants"},
       .optional = {"sweep", "zip", "exclude"},
       .watches_ple = true},
      {.name = "cache_locality",
       .question = "is the table broken up by concept: does the order of tokens help a cache beyond their "
                   "frequency?",
       .required = {"locality"},
       .optional = {}},
      {.name = "offload_vs_mlp",
       .question =
           "why is it not like offloading MLP weights: what must one token read, how long does it take?",
       .required = {"shapes"},
       .optional = {"offload"}},
  };
  return experiments;
}

namespace {

// An experiment that is not known has been refused where the config was read.
bool Has(const ExperimentConfig& config, bool (*property)(const ExperimentInfo&)) {
  return std::ranges::any_of(KnownExperiments(), [&](const ExperimentInfo& info) {
    return info.name == config.experiment && property(info);
  });
}

}  // namespace

bool WatchesPle(const ExperimentConfig& config) {
  return Has(config, [](const ExperimentInfo& info) { return info.watches_ple; });
}

bool RunsWorkload(const ExperimentConfig& config) {
  return Has(config,
             [](const ExperimentInfo& info) { return std::ranges::count(info.required, "workload") > 0; });
}

bool EditsLayers(const ExperimentConfig& config) {
  return Has(config, [](const ExperimentInfo& info) { return info.edits_layers; });
}

}  // namespace plelab
