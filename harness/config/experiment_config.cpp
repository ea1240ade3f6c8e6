#include "harness/config/experiment_config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

#include "harness/config/config_print.h"
#include "harness/config/config_variants.h"
#include "harness/config/sweep.h"
#include "harness/config/yaml_overrides.h"
#include "harness/config/yaml_reader.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/nearest_word.h"
#include "model/tokens/text_encoding.h"

namespace plelab {
namespace {

bool Contains(const std::vector<std::string_view>& sections, std::string_view section) {
  return std::ranges::find(sections, section) != sections.end();
}

const ExperimentInfo& ReadExperiment(const YamlNode& root) {
  std::vector<std::string_view> names;
  for (const ExperimentInfo& info : KnownExperiments()) names.push_back(info.name);
  const YamlNode* node = root.Find("experiment");
  if (!node && root.Find("arm")) {
    throw UserError("{}: this is the config of a training run; run it with: plelab train", root.place);
  }
  if (!node) throw UserError("{}: missing key 'experiment'; known: {}", root.place, Join(names, ", "));
  const auto found = std::ranges::find(names, node->scalar);
  if (!node->is_scalar() || found == names.end()) {
    throw UserError("{}: unknown experiment {}; known: {}{}", node->place, node->Describe(),
                    Join(names, ", "), DidYouMean(node->scalar, names));
  }
  return KnownExperiments()[static_cast<size_t>(found - names.begin())];
}

void CheckSections(const YamlNode& root, const ExperimentInfo& info) {
  std::vector<std::string_view> known{"experiment"};
  known.insert(known.end(), info.required.begin(), info.required.end());
  known.insert(known.end(), info.optional.begin(), info.optional.end());
  for (const YamlEntry& entry : root.entries) {
    if (Contains(known, entry.key)) continue;
    throw UserError("{}: unknown key '{}' in a config of '{}'; known: {}{}", entry.place, entry.key,
                    info.name, Join(known, ", "), DidYouMean(entry.key, known));
  }
  for (const std::string_view section : info.required) {
    if (!root.Find(section))
      throw UserError("{}: missing key '{}', which '{}' needs", root.place, section, info.name);
  }
}

void ResolveThreads(ModelSection& model) {
  if (model.threads == 0) model.threads = std::max(1u, std::thread::hardware_concurrency());
}

void ReadShapes(const YamlNode& list, ExperimentConfig& config) {
  if (!list.is_list() || list.items.empty()) {
    throw UserError("{}: 'shapes': expected a list such as [e2b, e4b], found {}", list.place,
                    list.is_list() ? "an empty list" : list.Describe());
  }
  for (const YamlNode& item : list.items) {
    if (!item.is_scalar() || item.scalar.empty()) {
      throw UserError("{}: 'shapes': expected a shape, a checkpoint or a JSON file, found {}", item.place,
                      item.Describe());
    }
    if (std::ranges::find(config.shapes, item.scalar) != config.shapes.end()) {
      throw UserError("{}: 'shapes' has '{}' twice", item.place, item.scalar);
    }
    config.shapes.push_back(item.scalar);
    config.places[Format("shapes[{}]", item.scalar)] = item.place;
  }
}

void CheckOneText(const std::string& place, std::string_view section, const std::string& text_file,
                  const std::string& trace) {
  if (text_file.empty() != trace.empty()) return;
  throw UserError("{}: '{}' needs exactly one of text_file and trace, found {}", place, section,
                  text_file.empty() ? "none" : "both");
}

// A text or trace whose answers stand alone, or traces of domains, which are told apart by their stems.
void CheckStreams(const std::string& place, const LocalitySection& section) {
  const auto given = !section.text_file.empty() + !section.trace.empty() + !section.traces.empty();
  if (given != 1) {
    throw UserError("{}: 'locality' needs exactly one of text_file, trace and traces, found {}", place,
                    given == 0 ? "none" : "more");
  }
  std::set<std::string> names;
  for (const std::string& trace : section.traces) {
    const std::string name = std::filesystem::path(trace).stem().string();
    if (!names.insert(name).second)
      throw UserError("{}: 'traces' in 'locality' has two files that are called '{}'", place, name);
  }
  if (names.size() == 1)
    throw UserError("{}: 'traces' in 'locality' compares domains; expected two files or more, found one",
                    place);
}

void CheckDesign(const YamlNode& root, const ExperimentConfig& config) {
  const YamlNode* design = root.Find("design");
  if (design && config.design.stop.rel_half_width > 0 && config.design.stop.max_reps < config.design.reps) {
    throw UserError("{}: 'stop.max_reps' ({}) in 'design' is below 'reps' ({})", design->place,
                    config.design.stop.max_reps, config.design.reps);
  }
}

void CheckPageCache(const std::string& place, const PageCacheSection& cache, const DesignSection& design) {
  if (cache.maintain == PageCacheMaintain::kEvictEachStep && cache.initial != PageCacheInitial::kCold) {
    throw UserError("{}: 'maintain: evict_each_step' in 'page_cache' needs 'initial: cold', found '{}'",
                    place, Word(cache.initial));
  }
  if (cache.limit.bytes > 0 && design.isolate != Isolate::kStep) {
    throw UserError("{}: 'limit' in 'page_cache' is set around turns: it needs 'isolate: step' in 'design'",
                    place);
  }
}

void CheckWorkload(const YamlNode& root, const ExperimentConfig& config, const VariantConfig& variant) {
  const std::string& place = config.places.at(Format("variants[{}]", variant.name));
  const bool own = variant.workload != config.workload;
  const std::string section = own ? Format("variants[{}].workload", variant.name) : "workload";
  CheckOneText(own ? place : root.Find("workload")->place, section, variant.workload.text_file,
               variant.workload.trace);
  if (LooksBack(variant.ple) && variant.workload.batch > 1) {
    throw UserError("{}: 'transform: {}' follows one sequence; it needs 'batch: 1' in 'workload', found {}",
                    place, Name(variant.ple.transform), variant.workload.batch);
  }
}

void CheckCache(const ExperimentConfig& config, const VariantConfig& variant) {
  if (variant.model.kv_dtype != "int8" || variant.model.device == "cpu") return;
  throw UserError("{}: 'kv_dtype: int8' needs 'device: cpu' in 'model', found {}",
                  config.places.at(Format("variants[{}]", variant.name)), variant.model.device);
}

void ReadAllVariants(YamlNode& root, ExperimentConfig& config) {
  ExpandVariants(root);
  ReadVariants(*root.Find("variants"), config);
  for (VariantConfig& variant : config.variants) {
    ResolveThreads(variant.model);
    CheckCache(config, variant);
    const bool own = variant.page_cache != config.page_cache;
    if (own)
      CheckPageCache(config.places.at(Format("variants[{}]", variant.name)), variant.page_cache,
                     config.design);
    if (RunsWorkload(config)) CheckWorkload(root, config, variant);
  }
  const auto exact = [](const VariantConfig& variant) { return IsExact(variant.ple); };
  if (WatchesPle(config) && std::ranges::none_of(config.variants, exact)) {
    throw UserError(
        "{}: '{}' looks at the first exact variant, and 'variants' has none; add one such as {{name: "
        "resident, ple: {{strategy: resident}}}}",
        root.Find("variants")->place, config.experiment);
  }
}

}  // namespace

ExperimentConfig ParseExperimentConfig(const std::string& yaml, const std::string& origin,
                                       const std::vector<std::string>& overrides) {
  YamlNode root = ParseYaml(yaml, origin);
  if (!root.is_map())
    throw UserError("{}: expected a map that starts with 'experiment:', found {}", root.place,
                    root.Describe());
  for (const std::string& assignment : overrides) ApplyOverride(root, assignment);

  ExperimentConfig config;
  config.name = std::filesystem::path(origin).stem().string();
  const ExperimentInfo& info = ReadExperiment(root);
  config.experiment = info.name;
  CheckSections(root, info);
  VisitSections(config, [&](std::string_view key, auto& section, std::string_view) {
    if (const YamlNode* node = root.Find(key)) ReadSection(*node, std::string(key), section, config.places);
  });
  ResolveThreads(config.model);
  CheckDesign(root, config);
  if (const YamlNode* cache = root.Find("page_cache"))
    CheckPageCache(cache->place, config.page_cache, config.design);
  if (const YamlNode* accuracy = root.Find("accuracy")) {
    config.accuracy.enabled = true;
    CheckOneText(accuracy->place, "accuracy", config.accuracy.text_file, config.accuracy.trace);
  }
  if (const YamlNode* locality = root.Find("locality")) CheckStreams(locality->place, config.locality);
  if (const YamlNode* shapes = root.Find("shapes")) ReadShapes(*shapes, config);
  if (Contains(info.required, "variants")) ReadAllVariants(root, config);
  if (Contains(info.optional, "shapes") && config.shapes.empty() && config.model.checkpoint.empty()) {
    throw UserError("{}: '{}' needs 'shapes', 'model' or both", root.place, info.name);
  }
  config.resolved_yaml = ResolvedYaml(config);
  return config;
}

ExperimentConfig ReadExperimentConfig(const std::string& path, const std::vector<std::string>& overrides) {
  RefuseSpecialInput(path);
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) {
    throw UserError("{}: cannot be read; expected a YAML file such as configs/ple_strategies_small.yaml",
                    path);
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return ParseExperimentConfig(text, path, overrides);
}

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
       .question =
           "is the table broken up by concept: does the order of tokens help a cache beyond their frequency?",
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

// Reading the config has already rejected unknown experiments.
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

namespace {

std::string PlaceOf(const ExperimentConfig& config, const std::string& key) {
  const auto found = config.places.find(key);
  return found == config.places.end() ? config.name : found->second;
}

void CheckCheckpoint(const ExperimentConfig& config) {
  const ModelSection& model = config.model;
  if (model.checkpoint.empty() || !model.synth.empty() || std::filesystem::is_directory(model.checkpoint))
    return;
  throw UserError(
      "{}: 'checkpoint' in 'model': there is no folder '{}'; put the checkpoint there, or add 'synth: SHAPE' "
      "to write random weights",
      PlaceOf(config, "model.checkpoint"), model.checkpoint);
}

void CheckFile(const ExperimentConfig& config, const std::string& section, const std::string& key,
               const std::string& path) {
  RefuseSpecialInput(path);
  if (path.empty() || std::filesystem::is_regular_file(path)) return;
  throw UserError("{}: '{}' in '{}': there is no file '{}' (paths are relative to the working directory, {})",
                  PlaceOf(config, section + "." + key), key, section, path,
                  std::filesystem::current_path().string());
}

// `text` is a section with text_file, encoding and trace.
void CheckTexts(const ExperimentConfig& config, const std::string& section, const auto& text) {
  CheckFile(config, section, "text_file", text.text_file);
  CheckFile(config, section, "trace", text.trace);
  if (IsKnownEncoding(text.encoding)) return;
  throw UserError(
      "{}: 'encoding' in '{}': '{}' is none that iconv knows; for example utf-8, latin-1, windows-1252, "
      "utf-16",
      PlaceOf(config, section + ".encoding"), section, text.encoding);
}

void CheckWorkload(const ExperimentConfig& config, const std::string& section,
                   const WorkloadSection& workload) {
  CheckTexts(config, section, workload);
  for (const std::string& image : workload.images) CheckFile(config, section, "images", image);
  for (const std::string& clip : workload.audio) CheckFile(config, section, "audio", clip);
}

}  // namespace

void CheckFilesExist(const ExperimentConfig& config) {
  CheckCheckpoint(config);
  CheckWorkload(config, "workload", config.workload);
  CheckTexts(config, "accuracy", config.accuracy);
  CheckTexts(config, "locality", config.locality);
  for (const std::string& trace : config.locality.traces) CheckFile(config, "locality", "traces", trace);
  for (const std::string& task : config.accuracy.tasks) CheckFile(config, "accuracy", "tasks", task);
  for (const VariantConfig& variant : config.variants) {
    CheckWorkload(config, Format("variants[{}].workload", variant.name), variant.workload);
  }
}

}  // namespace plelab
