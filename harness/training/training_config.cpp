#include "harness/training/training_config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/config/section_yaml.h"
#include "harness/config/yaml_overrides.h"
#include "harness/config/yaml_reader.h"
#include "harness/training/training_fields.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"
#include "model/base/nearest_word.h"
#include "model/checkpoint/config.h"

namespace plelab {
namespace {

void FillDefaults(TrainingConfig& config) {
  if (config.compute.threads == 0) config.compute.threads = std::max(1u, std::thread::hardware_concurrency());
  OutputSection& output = config.output;
  if (output.folder.empty()) output.folder = ".work/training/" + config.run_name();
  if (output.checkpoint.empty()) output.checkpoint = output.folder + "/checkpoint";
  if (output.result.empty()) output.result = Format("results/training_{}.h5", config.run_name());
}

std::string ResolvedYaml(TrainingConfig& config, bool with_output) {
  YamlNode root = YamlNode::Map();
  VisitSections(config, [&](std::string_view key, auto& section, std::string_view) {
    if (key == "output" && !with_output) return;
    // Sections that this kind of training lacks are not printed, because their keys would be read as given.
    if (key == (config.media.enabled() ? "tokens" : "media")) return;
    root.Set(key, ToYaml(section));
  });
  return PrintYaml(root);
}

// Requires exactly one of the sections for text and media.
void CheckLearnsFromOne(const YamlNode& root) {
  const YamlNode *tokens = root.Find("tokens"), *media = root.Find("media");
  if (tokens == nullptr && media == nullptr) {
    throw UserError("{}: missing key 'tokens' (or 'media'), which a training config needs", root.place);
  }
  if (tokens != nullptr && media != nullptr) {
    throw UserError("{}: 'media' beside 'tokens': a run learns from one of them", media->place);
  }
}

// Sets `key`.  A number in place of a list replaces each of its entries.
void Change(nlohmann::ordered_json& shape, const ArmSection& arm, const std::string& change) {
  const size_t equals = change.find('=');
  const std::string key = change.substr(0, equals);
  if (equals == std::string::npos || !shape.contains(key)) {
    throw UserError("'change' in 'arm': expected KEY=VALUE with a key of {}, found '{}'", arm.shape, change);
  }
  const auto value = ParseOrderedJson(change.substr(equals + 1), Format("'change' in 'arm': '{}'", change));
  nlohmann::ordered_json& old = shape[key];
  if (old.is_array() && !value.is_array()) {
    for (auto& entry : old) entry = value;
  } else {
    old = value;
  }
}

}  // namespace

std::string TrainingConfig::run_name() const { return Format("{}_{}", arm.name, arm.seed); }

int64_t TrainingConfig::steps() const {
  if (media.enabled()) return (media.examples + media.batch - 1) / media.batch;
  const int64_t step_tokens = tokens.context * tokens.batch;
  return (tokens.budget + step_tokens - 1) / step_tokens;
}

TrainingConfig ParseTrainingConfig(const std::string& yaml, const std::string& origin,
                                   const std::vector<std::string>& overrides) {
  YamlNode root = ParseYaml(yaml, origin);
  if (!root.is_map())
    throw UserError("{}: expected a map with 'arm' and 'tokens', found {}", root.place, root.Describe());
  for (const std::string& assignment : overrides) ApplyOverride(root, assignment);
  if (root.Find("experiment")) {
    throw UserError("{}: this is the config of an experiment; run it with: plelab run", root.place);
  }
  TrainingConfig config;
  std::vector<std::string_view> known;
  VisitSections(config, [&](std::string_view key, auto&, std::string_view) { known.emplace_back(key); });
  for (const YamlEntry& entry : root.entries) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    throw UserError("{}: unknown key '{}' in a training config; known: {}{}", entry.place, entry.key,
                    Join(known, ", "), DidYouMean(entry.key, known));
  }
  Places places;
  VisitSections(config, [&](std::string_view key, auto& section, std::string_view) {
    if (const YamlNode* node = root.Find(key)) {
      ReadSection(*node, std::string(key), section, places);
    } else if (IsRequiredSection(key)) {
      throw UserError("{}: missing key '{}', which a training config needs", root.place, key);
    }
  });
  CheckLearnsFromOne(root);
  const bool fits =
      config.arm.name.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == std::string::npos;
  if (!fits || config.arm.name.empty()) {
    throw UserError("{}: 'name' in 'arm': expected letters, digits, '_', '-' and '.', found '{}'",
                    places.at("arm.name"), config.arm.name);
  }
  FillDefaults(config);
  config.resolved_yaml = ResolvedYaml(config, /*with_output=*/true);
  config.identity_yaml = ResolvedYaml(config, /*with_output=*/false);
  return config;
}

TrainingConfig ReadTrainingConfig(const std::string& path, const std::vector<std::string>& overrides) {
  RefuseSpecialInput(path);
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) {
    throw UserError("{}: cannot be read; expected a YAML file such as configs/training/small.yaml", path);
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return ParseTrainingConfig(text, path, overrides);
}

std::string ArmConfigJson(const ArmSection& arm) {
  auto shape = ParseOrderedJson(ShapeConfigJson(arm.shape), arm.shape);
  for (const std::string& change : arm.change) Change(shape, arm, change);
  return shape.dump(2) + "\n";
}

}  // namespace plelab
