#include "harness/config/config_variants.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/error.h"
#include "model/base/nearest_word.h"

namespace plelab {
namespace {

constexpr size_t kMaxNameLength = 120;  // a file name has 255

// One option of a `ple` map: "over.backend" and where it stands.
struct FlatOption {
  std::string key;
  std::string key_place;
  const YamlNode* value;
};

void Flatten(const YamlNode& map, const std::string& prefix, std::vector<FlatOption>& options) {
  for (const YamlEntry& entry : map.entries) {
    const std::string key = prefix + entry.key;
    if (entry.value.is_map()) {
      Flatten(entry.value, key + ".", options);
      continue;
    }
    const auto first = std::ranges::find(options, key, &FlatOption::key);
    if (first != options.end()) {
      throw UserError("{}: repeated key '{}' in 'ple', first at {}", entry.place, key, first->key_place);
    }
    options.push_back({key, entry.place, &entry.value});
  }
}

std::vector<std::string_view> KnownKeys() {
  std::vector<std::string_view> keys;
  for (const PleOptionInfo& option : KnownPleOptions()) keys.push_back(option.key);
  return keys;
}

// "over.over.backend" → "backend".
std::string_view WithoutOver(std::string_view key) {
  constexpr std::string_view kOver = "over.";
  while (key.starts_with(kOver)) key.remove_prefix(kOver.size());
  return key;
}

// Adds the place to an error of the PLE options, which know none.
template <class F>
void WithPlace(const std::string& place, F f) {
  try {
    f();
  } catch (const UserError& error) {
    throw UserError("{}: {}", place, error.what());
  }
}

void CheckName(const YamlNode& node) {
  const std::string& name = node.scalar;
  if (!node.is_scalar() || name.empty() || !std::isalnum(static_cast<unsigned char>(name[0])) ||
      !std::ranges::all_of(name, FitsInName) || name.size() > kMaxNameLength) {
    throw UserError(
        "{}: 'name' in 'variants': expected at most {} letters, digits and _ - . , = @ % +, the first a "
        "letter "
        "or digit (names go into file names), found {}",
        node.place, kMaxNameLength, node.Describe());
  }
}

// `path` is what errors call the map.
LayerEdit ReadLayerEdit(const YamlNode& map, const std::string& path, Places& places) {
  LayerEdit edit;
  UpdateSection(map, path, edit, places);
  if (map.entries.empty()) {
    throw UserError("{}: '{}' is empty, expected at least one of {}; leave it out to run all layers",
                    map.place, path, Join(KeysOf<LayerEdit>(), ", "));
  }
  if (map.Find("times") && !map.Find("repeat")) {
    throw UserError("{}: 'times' in '{}' says how often 'repeat' runs its layers: name them",
                    map.FindEntry("times")->place, path);
  }
  WithPlace(map.place, [&] { CheckLayerEdit(edit); });
  return edit;
}

VariantConfig ReadVariant(const YamlNode& node, ExperimentConfig& config) {
  std::vector<std::string> known = {"name", "ple", "model"};
  if (RunsWorkload(config)) known.insert(known.end(), {"workload", "page_cache", "group", "own_table"});
  if (EditsLayers(config)) known.push_back("layers");
  for (const char* key : {"sweep", "zip", "exclude"}) {
    if (!node.is_map() || !node.Find(key)) continue;
    throw UserError("{}: '{}' belongs at the top level of the config, beside 'variants': move it there",
                    node.FindEntry(key)->place, key);
  }
  CheckKeys(node, "variants", known);
  for (const char* key : {"name", "ple"}) RequireKey(node, "variants", key);
  CheckName(*node.Find("name"));

  VariantConfig variant{.name = node.Find("name")->scalar,
                        .ple = ReadPleOptions(*node.Find("ple")),
                        .model = config.model,
                        .workload = config.workload,
                        .page_cache = config.page_cache,
                        .own_table = config.design.own_table};
  const std::string path = Format("variants[{}]", variant.name);
  config.places[path] = node.Find("name")->place;
  if (const YamlNode* model = node.Find("model")) {
    CheckKeys(*model, path + ".model", {kVariantModelKeys.begin(), kVariantModelKeys.end()});
    UpdateSection(*model, path + ".model", variant.model, config.places);
  }
  if (const YamlNode* workload = node.Find("workload")) {
    UpdateSection(*workload, path + ".workload", variant.workload, config.places);
  }
  if (const YamlNode* page_cache = node.Find("page_cache")) {
    UpdateSection(*page_cache, path + ".page_cache", variant.page_cache, config.places);
  }
  if (const YamlNode* group = node.Find("group")) {
    ReadValue(*group, {"group", "variants"}, Required(), variant.group);
  }
  if (const YamlNode* own = node.Find("own_table")) {
    ReadValue(*own, {"own_table", "variants"}, Rule(), variant.own_table);
  }
  if (const YamlNode* layers = node.Find("layers")) {
    variant.layers = ReadLayerEdit(*layers, path + ".layers", config.places);
  }
  return variant;
}

}  // namespace

bool FitsInName(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("_-.,=@%+").find(c) != std::string_view::npos;
}

PleOptions ReadPleOptions(const YamlNode& map) {
  if (!map.is_map()) {
    throw UserError("{}: 'ple': expected a map such as {{strategy: disk}}, found {}", map.place,
                    map.Describe());
  }
  RequireKey(map, "ple", "strategy");
  std::vector<FlatOption> flat;
  Flatten(map, "", flat);
  const std::vector<std::string_view> known = KnownKeys();
  PleOptions options;
  for (const FlatOption& option : flat) {
    const std::string_view key = WithoutOver(option.key);
    if (std::ranges::find(known, key) == known.end()) {
      throw UserError("{}: unknown key '{}' in 'ple'; known: {}{}", option.key_place, option.key,
                      Join(known, ", "), DidYouMean(key, known));
    }
    if (!option.value->is_scalar()) {
      throw UserError("{}: '{}' in 'ple': expected a single value, found {}", option.value->place, option.key,
                      option.value->Describe());
    }
    WithPlace(option.value->place, [&] { SetPleOption(options, option.key, option.value->scalar); });
  }
  for (const FlatOption& option : flat)
    WithPlace(option.key_place, [&] { CheckPleOptions(options, {option.key}); });
  return options;
}

void ReadVariants(const YamlNode& list, ExperimentConfig& config) {
  for (const YamlNode& node : list.items) {
    VariantConfig variant = ReadVariant(node, config);
    const auto same = std::ranges::find(config.variants, variant.name, &VariantConfig::name);
    if (same != config.variants.end()) {
      throw UserError("{}: duplicate variant name '{}'", node.Find("name")->place, variant.name);
    }
    config.variants.push_back(std::move(variant));
  }
}

}  // namespace plelab
