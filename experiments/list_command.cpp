// `plelab list`: what can be asked, how the PLE table can be held, which shapes are known.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "experiments/commands.h"
#include "harness/experiment_config.h"
#include "harness/units.h"
#include "model/config.h"
#include "model/io/error.h"
#include "model/parameter_count.h"
#include "model/ple/ple_options.h"

namespace plelab {
namespace {

std::string_view Summary(PleStrategy strategy) {
  switch (strategy) {
    case PleStrategy::kResident:
      return "the whole table in memory: the baseline";
    case PleStrategy::kCached:
      return "hot rows in memory, the rest in another source";
    case PleStrategy::kDisk:
      return "rows read from the checkpoint's file when their token comes";
    case PleStrategy::kDropped:
      return "no rows at all: an ablation";
  }
  return "";
}

// "backend (pread, direct, mmap)", … of the options that belong to this strategy alone or to some.
std::string OptionsOf(PleStrategy strategy) {
  std::string text;
  for (const PleOptionInfo& option : KnownPleOptions()) {
    const auto& used_by = option.used_by;
    if (std::find(used_by.begin(), used_by.end(), strategy) == used_by.end()) continue;
    std::string values;
    for (const std::string_view value : option.values)
      values += (values.empty() ? "" : ", ") + std::string(value);
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ", option.key,
                        values.empty() ? "" : " (" + values + ")");
  }
  return text;
}

void ListShape(const std::string& shape) {
  try {
    const Gemma3nConfig config = ParseConfig(ShapeConfigJson(shape), shape);
    const ParameterCount count = CountPublished(config, DType::kBFloat16);
    const double millions = static_cast<double>(count.parameters.total()) / 1e6;
    const std::string size =
        millions < 1000 ? fmt::format("{:.1f} M", millions) : fmt::format("{:.2f} B", millions / 1000);
    std::cout << fmt::format("  {:<20} {} layers, {} parameters, {} in bfloat16\n", shape,
                             config.text.num_hidden_layers, size, ReadableBytes(count.bytes.total()));
  } catch (const UserError&) {  // `small` is known by its file, which needs the project's root
    std::cout << fmt::format("  {:<20} configs/models/{}.json, from the project's root\n", shape, shape);
  }
}

void List() {
  std::cout << "Experiments (plelab run CONFIG.yaml):\n";
  for (const ExperimentInfo& experiment : KnownExperiments()) {
    std::cout << fmt::format("  {:<20} {}\n", experiment.name, experiment.question);
  }
  std::cout << "\nPLE strategies (--ple NAME[,key=value…], or `ple:` in a config):\n";
  for (const PleStrategy strategy :
       {PleStrategy::kResident, PleStrategy::kCached, PleStrategy::kDisk, PleStrategy::kDropped}) {
    std::cout << fmt::format("  {:<20} {}\n", Name(strategy), Summary(strategy));
    if (const std::string options = OptionsOf(strategy); !options.empty()) {
      std::cout << fmt::format("  {:<20}   {}\n", "", options);
    }
  }
  std::cout << "\nShapes (--shape):\n";
  for (const char* shape : {"e2b", "e4b", "small"}) ListShape(shape);
}

}  // namespace

void AddListCommand(CLI::App& app) {
  app.add_subcommand("list", "Experiments, PLE strategies and shapes")->callback(List);
}

}  // namespace plelab
