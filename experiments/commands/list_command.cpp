// `plelab list`: the experiments, how the PLE table can be held and changed, and the known shapes.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "experiments/commands/commands.h"
#include "harness/config/config_fields.h"
#include "harness/config/experiment_config.h"
#include "harness/support/units.h"
#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "model/checkpoint/config.h"
#include "model/ple/strategies/ple_options.h"

namespace plelab {
namespace {

constexpr std::string_view kTransform = "transform";

std::string_view Summary(PleStrategy strategy) {
  switch (strategy) {
    case PleStrategy::kResident:
      return "the whole table in memory: the baseline";
    case PleStrategy::kCached:
      return "hot rows in memory, the rest in another source";
    case PleStrategy::kDisk:
      return "rows read from the checkpoint's file when their token appears";
    case PleStrategy::kDropped:
      return "no rows at all: an ablation";
    case PleStrategy::kFolded:
      return "per-layer inputs finished beforehand, in CKPT/ple_folded.safetensors: no projection";
  }
  return "";
}

std::string_view Summary(PleTransform transform) {
  switch (transform) {
    case PleTransform::kNone:
      return "";
    case PleTransform::kZeroLayers:
      return "rows of some layers are 0, the projected half of their input stays";
    case PleTransform::kMeanLayers:
      return "rows of some layers are the layer's mean row";
    case PleTransform::kShuffled:
      return "each token has the row of another token, always the same one";
    case PleTransform::kPrevious:
      return "each token has the row of the token before it";
    case PleTransform::kRandom:
      return "random rows of the same norm";
    case PleTransform::kShared:
      return "one row for all tokens: the mean row of each layer";
    case PleTransform::kLowRank:
      return "truncated singular value decomposition of each layer";
    case PleTransform::kInt8:
      return "values in 8 bits, a scale per group";
    case PleTransform::kInt4:
      return "values in 4 bits, a scale per group";
    case PleTransform::kCodebook:
      return "each layer's rows from a codebook of few entries (k-means)";
    case PleTransform::kZeroSoft:
      return "row 0, which images and audio read, is 0; text keeps its rows";
  }
  return "";
}

template <class T>
bool Has(const std::vector<T>& list, T item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// "backend (pread, direct, mmap)", … for the options that `wanted` selects.
template <class Wanted>
std::string OptionsWhere(Wanted wanted) {
  std::string text;
  for (const PleOptionInfo& option : KnownPleOptions()) {
    if (!wanted(option)) continue;
    text += Format("{}{}", text.empty() ? "" : "; ", option.key);
    if (!option.values.empty()) text += Format(" ({})", Join(option.values, ", "));
  }
  return text;
}

void ListOne(std::string_view name, std::string_view summary, const std::string& options) {
  std::cout << Format("  {:<20} {}\n", name, summary);
  if (!options.empty()) std::cout << Format("  {:<20}   {}\n", "", options);
}

void ListTransforms() {
  std::cout << "\nTransforms of rows (transform=NAME beside resident, cached or disk):\n";
  for (const PleOptionInfo& option : KnownPleOptions()) {
    if (option.key != kTransform) continue;
    for (const std::string_view name : option.values) {
      PleOptions options;
      SetPleOption(options, kTransform, name);
      if (options.transform == PleTransform::kNone) continue;
      ListOne(name, Summary(options.transform), OptionsWhere([&](const PleOptionInfo& info) {
                return Has(info.used_with, options.transform);
              }));
    }
  }
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
  std::cout << "\nPLE strategies (--ple NAME[,key=value…], or `ple:` in a config):\n";
  for (const PleStrategy strategy :
       {PleStrategy::kResident, PleStrategy::kCached, PleStrategy::kDisk, PleStrategy::kDropped}) {
    ListOne(Name(strategy), Summary(strategy), OptionsWhere([&](const PleOptionInfo& info) {
              return Has(info.used_by, strategy) && info.used_with.empty() && info.key != kTransform;
            }));
  }
  ListTransforms();
  ListLayerEdits();
  std::cout << "\nShapes (--shape):\n";
  for (const char* shape : {"e2b", "e4b", "small"}) ListShape(shape);
}

}  // namespace

void AddListCommand(CLI::App& app) {
  app.add_subcommand("list", "Experiments, PLE strategies, transforms, layer edits and shapes")
      ->callback(List);
}

}  // namespace plelab
