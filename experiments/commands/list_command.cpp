// `plelab list`: the experiments, how the PLE table can be held and changed, and the known shapes.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/commands/commands.h"
#include "harness/config/config_fields.h"
#include "harness/config/experiment_config.h"
#include "harness/support/units.h"
#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "model/checkpoint/config.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"

namespace plelab {
namespace {

using Json = nlohmann::ordered_json;

void ListOne(std::string_view name, std::string_view summary, const std::string& options) {
  std::cout << Format("  {:<20} {}\n", name, summary);
  if (!options.empty()) std::cout << Format("  {:<20}   {}\n", "", options);
}

// "capacity", "backend (pread, direct, mmap)", …
std::vector<std::string> Describe(const std::vector<PleOption>& options) {
  std::vector<std::string> texts;
  for (const PleOption& option : options) {
    texts.emplace_back(option.key);
    if (!option.words.empty()) texts.back() += Format(" ({})", Join(option.words, ", "));
  }
  return texts;
}

void ListStrategies() {
  std::cout << "\nPLE strategies (--ple NAME[,key=value…], or `ple:` in a config):\n";
  for (const StrategyRow& row : Strategies()) {
    std::vector<std::string> options = Describe(row.options);
    if (row.has_over) options.emplace_back("over");
    ListOne(row.name, row.help, Join(options, "; "));
  }
}

void ListTransforms() {
  std::vector<std::string_view> with_rows;
  for (const StrategyRow& row : Strategies()) {
    if (row.has_rows()) with_rows.push_back(row.name);
  }
  std::cout << Format("\nTransforms of rows (transform=NAME beside {}):\n", Join(with_rows, ", "));
  for (const TransformRow& row : Transforms()) {
    if (row.make) ListOne(row.name, row.help, Join(Describe(row.options), "; "));
  }
}

void ListPolicies() {
  std::cout << "\nCache policies (policy=NAME beside cached):\n";
  for (const CachePolicyRow& row : CachePolicies()) ListOne(row.name, row.help, "");
}

void ListLayerEdits() {
  std::cout << "\nLayer edits (`layers:` of a variant, in configs of depth):\n";
  LayerEdit edit;
  VisitFields(
      edit, [](std::string_view key, auto&, std::string_view help, const Rule&) { ListOne(key, help, ""); });
}

void ListShape(const std::string& shape) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson(shape), shape);
  const ParameterCount count = CountPublished(config, DType::kBFloat16);
  const double millions = static_cast<double>(count.parameters.total()) / 1e6;
  const std::string size =
      millions < 1000 ? Format("{:.1f} M", millions) : Format("{:.2f} B", millions / 1000);
  std::cout << Format("  {:<20} {} layers, {} parameters, {} in bfloat16\n", shape,
                      config.text.num_hidden_layers, size, ReadableBytes(count.bytes.total()));
}

void List() {
  std::cout << "Experiments (plelab run CONFIG.yaml):\n";
  for (const ExperimentInfo& experiment : KnownExperiments()) {
    std::cout << Format("  {:<20} {}\n", experiment.name, experiment.question);
  }
  ListStrategies();
  ListTransforms();
  ListPolicies();
  ListLayerEdits();
  std::cout << "\nShapes (--shape):\n";
  for (const char* shape : {"e2b", "e4b", "small"}) ListShape(shape);
}

Json ToJson(const std::vector<PleOption>& options) {
  Json list = Json::array();
  for (const PleOption& option : options) {
    Json item{{"key", option.key}, {"help", option.help}, {"required", option.required}};
    if (!option.required) item["default"] = option.get({});
    if (!option.words.empty()) item["words"] = option.words;
    list.push_back(std::move(item));
  }
  return list;
}

// The tables, for programs.
void ListJson() {
  Json json;
  for (const StrategyRow& row : Strategies()) {
    json["strategies"].push_back({{"name", row.name},
                                  {"help", row.help},
                                  {"exact", IsExact({.strategy = row.strategy})},
                                  {"over", row.has_over},
                                  {"options", ToJson(row.options)}});
  }
  for (const TransformRow& row : Transforms()) {
    json["transforms"].push_back({{"name", row.name}, {"help", row.help}, {"options", ToJson(row.options)}});
  }
  for (const CachePolicyRow& row : CachePolicies()) {
    json["policies"].push_back({{"name", row.name}, {"help", row.help}});
  }
  for (const ExperimentInfo& experiment : KnownExperiments()) {
    json["experiments"].push_back({{"name", experiment.name}, {"question", experiment.question}});
  }
  std::cout << json.dump(2) << "\n";
}

}  // namespace

void AddListCommand(CLI::App& app) {
  auto* command = app.add_subcommand(
      "list", "Experiments, PLE strategies, transforms, cache policies, layer edits and shapes");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Strategies, transforms, policies and experiments as JSON");
  command->callback([json] { *json ? ListJson() : List(); });
}

}  // namespace plelab
