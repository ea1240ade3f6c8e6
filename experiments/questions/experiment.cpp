#include "experiments/questions/experiment.h"

#include <filesystem>
#include <map>

#include "model/base/error.h"
#include "model/checkpoint/checkpoint.h"

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

namespace fs = std::filesystem;

Gemma3nConfig ConfigOfShape(const std::string& shape) {
  if (fs::is_directory(shape)) return Checkpoint::Open(shape).config();
  return ParseConfig(ShapeConfigJson(shape), shape);
}

}  // namespace plelab
