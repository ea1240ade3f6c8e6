#include "harness/results/result_difference.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "harness/results/config_lines.h"
#include "harness/run/run_identity.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr const char* kAbsent = "—";

const std::vector<const char*> kMachineKeys = {
    "cpu_model", "cpu_features", "microcode", "cores",      "memory",     "kernel", "vm",
    "storage",   "filesystem",   "scheduler", "read_ahead", "huge_pages", "cgroup", "device"};
const std::vector<const char*> kBuildKeys = {"build_commit", "build_dirty_hash", "compiler", "compiler_flags",
                                             "build_type",   "measured_with",    "torch",    "hdf5",
                                             "yaml_cpp",     "sentencepiece"};
const std::vector<const char*> kInputKeys = {"weights",   "checkpoint_hash",    "tokenizer_hash",
                                             "text_hash", "accuracy_text_hash", "media_tasks"};

std::vector<Difference> InMeta(const Meta& a, const Meta& b, const std::vector<const char*>& keys) {
  std::vector<Difference> differences;
  for (const char* key : keys) {
    const std::string in_a = MetaValue(a, key, kAbsent), in_b = MetaValue(b, key, kAbsent);
    if (in_a != in_b) differences.push_back({key, in_a, in_b});
  }
  return differences;
}

// "variants[disk]" of "variants[disk].ple.backend"; "" for other keys.
std::string EntryOf(const std::string& key) {
  return key.starts_with("variants[") ? key.substr(0, key.find(']') + 1) : "";
}

bool HasEntry(const ConfigLines& lines, const std::string& entry) {
  return std::ranges::any_of(lines, [&](const auto& line) { return EntryOf(line.first) == entry; });
}

// The keys in which the configs differ; a variant that only one of them has is one key.
std::vector<Difference> InConfig(const ConfigLines& a, const ConfigLines& b) {
  ConfigLines all = a;
  for (const auto& line : b) {
    if (std::ranges::find(a, line.first, &ConfigLines::value_type::first) == a.end()) all.push_back(line);
  }
  std::vector<Difference> differences;
  std::set<std::string> alone;
  for (const auto& [key, value] : all) {
    const std::string entry = EntryOf(key);
    const bool in_a = HasEntry(a, entry), in_b = HasEntry(b, entry);
    if (!entry.empty() && in_a != in_b) {
      if (alone.insert(entry).second) {
        differences.push_back({entry, in_a ? "there" : kAbsent, in_b ? "there" : kAbsent});
      }
      continue;
    }
    const std::string was = ValueOf(a, key, kAbsent), is = ValueOf(b, key, kAbsent);
    if (was != is) differences.push_back({key, was, is});
  }
  return differences;
}

bool SetsPageCache(const Difference& difference) {
  static const std::regex kKey(R"((.*\.)?page_cache\.(initial|maintain|limit))");
  return std::regex_match(difference.what, kKey);
}

// How the caches stood when a variant was timed, over all of its repetitions: "cold, guest cold yes, …".
std::string CacheStateOf(const Record& record, const std::string& variant) {
  std::set<std::string> states;
  for (const RepRow& rep : record.reps) {
    if (rep.variant != variant) continue;
    std::string state = rep.page_cache;
    if (!rep.cache_start.empty() && rep.cache_start != "none") state += ", PLE cache " + rep.cache_start;
    if (!rep.guest_cold.empty()) state += ", guest_cold " + rep.guest_cold;
    if (!rep.device_cold.empty()) state += ", device_cold " + rep.device_cold;
    if (rep.read_ahead_bytes >= 0) state += Format(", read-ahead {:.0f} bytes", rep.read_ahead_bytes);
    states.insert(state);
  }
  return Join(states, " | ");
}

// The variants that both have, in the order of `a`; not the twins of baselines.
std::vector<std::string> CommonVariants(const Record& a, const Record& b) {
  std::vector<std::string> names;
  for (const VariantRow& row : a.variants) {
    const bool common = std::ranges::find(b.variants, row.variant, &VariantRow::variant) != b.variants.end();
    if (common && !IsControl(row)) names.push_back(row.variant);
  }
  return names;
}

std::vector<Difference> InCaches(const Record& a, const Record& b) {
  std::vector<Difference> differences;
  for (const std::string& variant : CommonVariants(a, b)) {
    const std::string in_a = CacheStateOf(a, variant), in_b = CacheStateOf(b, variant);
    if (in_a.empty() || in_b.empty() || in_a == in_b) continue;  // one of them was not timed
    differences.push_back({variant, in_a, in_b});
  }
  return differences;
}

ConfigLines LinesIn(const Meta& meta) {
  return LinesOfConfig(MetaValue(meta, "config_yaml"), "/meta config_yaml");
}

}  // namespace

std::vector<Aspect> DifferencesBetween(const Record& a, const Record& b) {
  Aspect config{"config", "every key", false, InConfig(LinesIn(a.meta), LinesIn(b.meta))};
  Aspect cache{"cache", "state, cold, read-ahead", true, {}};
  std::ranges::copy_if(config.differences, std::back_inserter(cache.differences), SetsPageCache);
  std::erase_if(config.differences, SetsPageCache);
  std::ranges::move(InCaches(a, b), std::back_inserter(cache.differences));
  return {std::move(config),
          {"inputs", "checkpoint, texts, tokenizer", false, InMeta(a.meta, b.meta, kInputKeys)},
          {"machine", "processor, memory, kernel, storage", true, InMeta(a.meta, b.meta, kMachineKeys)},
          {"build", "commit, diff, compiler, flags, libraries", true, InMeta(a.meta, b.meta, kBuildKeys)},
          std::move(cache)};
}

std::vector<OutputAgreement> CompareOutputs(const Record& a, const Record& b) {
  std::vector<OutputAgreement> agreements;
  for (const std::string& variant : CommonVariants(a, b)) {
    std::map<int64_t, std::string> hashes;
    for (const RepRow& rep : a.reps) {
      if (rep.variant == variant && !rep.output_sha256.empty()) hashes[rep.rep] = rep.output_sha256;
    }
    OutputAgreement agreement{variant, 0, {}};
    for (const RepRow& rep : b.reps) {
      if (rep.variant != variant || rep.output_sha256.empty() || !hashes.contains(rep.rep)) continue;
      ++agreement.compared;
      if (hashes[rep.rep] != rep.output_sha256) agreement.differing.push_back(rep.rep);
    }
    agreements.push_back(std::move(agreement));
  }
  return agreements;
}

}  // namespace plelab
