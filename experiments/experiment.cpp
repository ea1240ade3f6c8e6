#include "experiments/experiment.h"

#include <map>

#include "model/io/error.h"

namespace plelab {

Experiment FindExperiment(const std::string& name) {
  static const std::map<std::string, Experiment (*)()> kExperiments = {
      {"cache_locality", CacheLocality},
      {"depth", Depth},
      {"modalities", Modalities},
      {"offload_vs_mlp", OffloadVsMlp},
      {"parameter_groups", ParameterGroups},
      {"ple_ablation", PleAblation},
      {"ple_contribution", PleContribution},
      {"ple_rank", PleRank},
      {"ple_strategies", PleStrategies},
  };
  const auto found = kExperiments.find(name);
  if (found == kExperiments.end()) throw UserError("experiment '{}' is not part of this program yet", name);
  return found->second();
}

}  // namespace plelab
