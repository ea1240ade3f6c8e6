#include "harness/config/sweep.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/config/config_fields.h"
#include "harness/config/config_variants.h"
#include "model/base/error.h"

namespace plelab {
namespace {

constexpr size_t kMaxVariants = 1000;

// Keys that change together, and the rows of values that they take.
struct Axis {
  std::vector<const YamlEntry*> keys;
  std::vector<std::vector<const YamlNode*>> rows;  // [values][keys]
};

struct Candidate {
  YamlNode variant;
  std::string name;                                                   // the variant's own
  std::string suffix;                                                 // "threads=1,capacity=5%"
  std::vector<std::pair<std::string_view, std::string_view>> chosen;  // key, value
};

// "ple.capacity" → {"ple", "capacity"}.
std::pair<std::string_view, std::string_view> SplitSection(std::string_view key) {
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos) return {key, ""};
  return {key.substr(0, dot), key.substr(dot + 1)};
}

const PleOptionInfo* FindPleOption(std::string_view key) {
  const auto known = KnownPleOptions();
  const auto found = std::ranges::find(known, key.substr(0, key.find('.')), &PleOptionInfo::key);
  return found == known.end() ? nullptr : &*found;
}

void CheckSweepable(const YamlEntry& entry) {
  const auto [section, key] = SplitSection(entry.key);
  const std::vector<std::string> workload_keys = KeysOf<WorkloadSection>();
  if (section == "model" && std::ranges::find(kVariantModelKeys, key) != kVariantModelKeys.end()) return;
  if (section == "workload" && std::ranges::find(workload_keys, key) != workload_keys.end()) return;
  const std::vector<std::string> page_cache_keys = KeysOf<PageCacheSection>();
  if (section == "page_cache" && std::ranges::find(page_cache_keys, key) != page_cache_keys.end()) return;
  if (section == "ple" && FindPleOption(key)) return;
  const std::vector<std::string> layers_keys = KeysOf<LayerEdit>();
  if (section == "layers" && std::ranges::find(layers_keys, key) != layers_keys.end()) return;
  throw UserError(
      "{}: '{}' cannot be swept; these can: model.{{{}}}, workload.{{{}}}, page_cache.{{{}}}, ple.* (the "
      "options of a strategy), layers.{{{}}}",
      entry.place, entry.key, Join(kVariantModelKeys, ", "), Join(workload_keys, ", "),
      Join(page_cache_keys, ", "), Join(layers_keys, ", "));
}

// The values of one key: a list of at least one scalar, all distinct.
const std::vector<YamlNode>& ValuesOf(const YamlEntry& entry) {
  CheckSweepable(entry);
  const YamlNode& list = entry.value;
  if (!list.is_list() || list.items.empty()) {
    throw UserError("{}: '{}': expected a list of at least one value, found {}", list.place, entry.key,
                    list.is_list() ? "an empty list" : list.Describe());
  }
  for (const YamlNode& item : list.items) {
    if (!item.is_scalar()) {
      throw UserError("{}: '{}': expected a single value, found {}", item.place, entry.key, item.Describe());
    }
  }
  return list.items;
}

void RequireDistinct(const YamlEntry& entry) {
  const std::vector<YamlNode>& values = entry.value.items;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto first =
        std::ranges::find(values.begin(), values.begin() + i, values[i].scalar, &YamlNode::scalar);
    if (first != values.begin() + i) {
      throw UserError("{}: '{}' has the value '{}' twice", values[i].place, entry.key, values[i].scalar);
    }
  }
}

// Returns the map of axes under `key`, or nullptr when the config has none.  An empty map is an error,
// because it multiplies nothing.
const YamlNode* AxisMap(const YamlNode& root, std::string_view key) {
  const YamlNode* map = root.Find(key);
  if (map && (!map->is_map() || map->entries.empty())) {
    throw UserError("{}: '{}': expected a map of keys to lists of values, found {}", map->place, key,
                    map->is_map() ? "an empty map" : map->Describe());
  }
  return map;
}

std::vector<Axis> ReadAxes(const YamlNode& root) {
  std::vector<Axis> axes;
  if (const YamlNode* sweep = AxisMap(root, "sweep")) {
    for (const YamlEntry& entry : sweep->entries) {
      Axis& axis = axes.emplace_back();
      axis.keys = {&entry};
      for (const YamlNode& value : ValuesOf(entry)) axis.rows.push_back({&value});
      RequireDistinct(entry);
    }
  }
  if (const YamlNode* zip = AxisMap(root, "zip")) {
    Axis& axis = axes.emplace_back();
    axis.rows.resize(ValuesOf(zip->entries[0]).size());
    for (const YamlEntry& entry : zip->entries) {
      const std::vector<YamlNode>& values = ValuesOf(entry);
      if (values.size() != axis.rows.size()) {
        throw UserError("{}: 'zip' needs lists of one length: '{}' has {} values, '{}' has {}",
                        entry.value.place, entry.key, values.size(), zip->entries[0].key, axis.rows.size());
      }
      axis.keys.push_back(&entry);
      for (size_t i = 0; i < values.size(); ++i) axis.rows[i].push_back(&values[i]);
    }
  }
  return axes;
}

// Names use the last component of a key, or the whole key when two axes have the same last component.
std::string ShortKey(const std::string& key, const std::vector<Axis>& axes) {
  const auto last = [](std::string_view k) { return k.substr(k.rfind('.') + 1); };
  int64_t same = 0;
  for (const Axis& axis : axes)
    same += std::ranges::count(axis.keys, last(key), [&](auto* e) { return last(e->key); });
  return same > 1 ? key : std::string(last(key));
}

// A path appears in a name by its stem; characters that do not fit in a name become `_`.
std::string ShortValue(const std::string& value) {
  std::string text =
      value.find('/') == std::string::npos ? value : std::filesystem::path(value).stem().string();
  std::ranges::replace_if(
      text, [](char c) { return !FitsInName(c); }, '_');
  return text;
}

bool Applies(const YamlNode& variant, std::string_view key) {
  const auto [section, option] = SplitSection(key);
  if (section == "layers") {
    const YamlNode* layers = variant.Find("layers");
    const YamlNode* value = layers ? layers->Find(option) : nullptr;
    return value && value->kind == YamlNode::Kind::kNull;
  }
  if (section != "ple" || option == "strategy") return true;
  const YamlNode* ple = variant.Find("ple");
  const YamlNode* strategy = ple ? ple->Find("strategy") : nullptr;
  const PleOptionInfo* info = FindPleOption(option);
  if (!strategy || !info || info->used_by.empty())
    return true;  // a missing strategy is reported when the variant is read
  if (std::ranges::none_of(info->used_by, [&](PleStrategy s) { return Name(s) == strategy->scalar; })) {
    return false;
  }
  const YamlNode* transform = ple->Find("transform");
  return info->used_with.empty() || std::ranges::any_of(info->used_with, [&](PleTransform t) {
           return transform && Name(t) == transform->scalar;
         });
}

void Choose(Candidate& candidate, const YamlEntry& key, const YamlNode& value,
            const std::vector<Axis>& axes) {
  const auto [section, option] = SplitSection(key.key);
  YamlNode* map = candidate.variant.Find(section);
  if (!map) map = &candidate.variant.Set(section, YamlNode::Map(key.place), key.place);
  map->Set(option, value, key.place);
  candidate.suffix += Format("{}{}={}", candidate.suffix.empty() ? "" : ",", ShortKey(key.key, axes),
                             ShortValue(value.scalar));
  candidate.chosen.emplace_back(key.key, value.scalar);
}

std::vector<Candidate> Multiply(const std::vector<Candidate>& candidates, const Axis& axis,
                                const std::vector<Axis>& axes) {
  std::vector<Candidate> product;
  bool used = false;
  for (const Candidate& candidate : candidates) {
    if (std::ranges::none_of(axis.keys, [&](auto* key) { return Applies(candidate.variant, key->key); })) {
      product.push_back(candidate);
      continue;
    }
    used = true;
    for (const auto& row : axis.rows) {
      Candidate& copy = product.emplace_back(candidate);
      for (size_t i = 0; i < row.size(); ++i) {
        if (Applies(candidate.variant, axis.keys[i]->key)) Choose(copy, *axis.keys[i], *row[i], axes);
      }
    }
    if (product.size() > kMaxVariants) {
      throw UserError("{}: more than {} variants", axis.keys[0]->place, kMaxVariants);
    }
  }
  if (!used) throw UserError("{}: no variant uses '{}'", axis.keys[0]->place, axis.keys[0]->key);
  return product;
}

bool Matches(const Candidate& candidate, const YamlNode& exclude) {
  return std::ranges::all_of(exclude.entries, [&](const YamlEntry& entry) {
    if (entry.key == "name") return entry.value.scalar == candidate.name;
    return std::ranges::find(candidate.chosen, std::pair<std::string_view, std::string_view>(
                                                   entry.key, entry.value.scalar)) != candidate.chosen.end();
  });
}

void Exclude(const YamlNode& root, std::vector<Candidate>& candidates) {
  const YamlNode* list = root.Find("exclude");
  if (!list) return;
  if (!list->is_list()) {
    throw UserError("{}: 'exclude': expected a list of maps, found {}", list->place, list->Describe());
  }
  for (const YamlNode& exclude : list->items) {
    if (!exclude.is_map() || exclude.entries.empty()) {
      throw UserError("{}: 'exclude': expected a map such as {{name: disk, model.threads: 1}}, found {}",
                      exclude.place, exclude.is_map() ? "an empty map" : exclude.Describe());
    }
    if (std::erase_if(candidates, [&](const Candidate& c) { return Matches(c, exclude); }) == 0) {
      throw UserError("{}: 'exclude' matches no variant; its keys are 'name' and those of sweep and zip",
                      exclude.place);
    }
  }
}

}  // namespace

void ExpandVariants(YamlNode& root) {
  YamlNode* variants = root.Find("variants");
  if (!variants || !variants->is_list() || variants->items.empty()) {
    const std::string found = !variants             ? "nothing"
                              : variants->is_list() ? "an empty list"
                                                    : variants->Describe();
    throw UserError("{}: 'variants': expected a list of at least one variant, found {}",
                    variants ? variants->place : root.place, found);
  }
  const std::vector<Axis> axes = ReadAxes(root);
  std::vector<Candidate> candidates;
  for (const YamlNode& variant : variants->items) {
    const YamlNode* name = variant.Find("name");
    candidates.push_back({variant, name ? name->scalar : "", "", {}});
  }
  for (const Axis& axis : axes) candidates = Multiply(candidates, axis, axes);
  Exclude(root, candidates);
  if (candidates.empty()) throw UserError("{}: 'exclude' leaves no variant", root.Find("exclude")->place);

  std::vector<YamlNode> expanded;
  for (Candidate& candidate : candidates) {
    YamlNode* name = candidate.variant.Find("name");
    if (name && !candidate.suffix.empty())
      name->scalar += (name->scalar.find('@') != std::string::npos ? "," : "@") + candidate.suffix;
    expanded.push_back(std::move(candidate.variant));
  }
  variants->items = std::move(expanded);
  for (const char* key : {"sweep", "zip", "exclude"}) root.Erase(key);
}

}  // namespace plelab
