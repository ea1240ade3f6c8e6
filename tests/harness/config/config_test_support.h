// Short configs, and what reading them returns.
#pragma once

#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "model/base/error.h"

namespace plelab {

// Lines 1 to 4 of each config.  What a test adds starts on line 5.
inline const std::string kHead =
    "experiment: ple_strategies\n"
    "model: {checkpoint: ckpt, threads: 2}\n"
    "workload: {text_file: a.txt}\n"
    "variants: [{name: resident, ple: {strategy: resident}}]\n";

// Lines 1 to 3, for tests with their own variants.
inline const std::string kHeadWithoutVariants = kHead.substr(0, kHead.find("variants"));

inline ExperimentConfig Parse(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return ParseExperimentConfig(yaml, "x.yaml", overrides);
}

inline std::string ErrorOf(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  try {
    Parse(yaml, overrides);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

inline std::vector<std::string> NamesOf(const ExperimentConfig& config) {
  std::vector<std::string> names;
  for (const VariantConfig& variant : config.variants) names.push_back(variant.name);
  return names;
}

}  // namespace plelab
