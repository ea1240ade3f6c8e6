#include "harness/record/part_store.h"

#include <filesystem>
#include <system_error>

#include "harness/record/recorder.h"
#include "model/base/error.h"

namespace plelab {
namespace fs = std::filesystem;
namespace {

std::string_view Name(Phase phase) {
  switch (phase) {
    case Phase::kRun:
      return "run";
    case Phase::kTime:
      return "time";
    case Phase::kMemory:
      return "memory";
    case Phase::kAccuracy:
      return "accuracy";
    case Phase::kContribution:
      return "contribution";
    case Phase::kFailed:
      return "failed";
  }
  return "";
}

// Variant names may contain anything that YAML allows; the index keeps names apart that are equal once
// cleaned.
std::string Cleaned(const std::string& name) {
  std::string clean;
  for (char c : name.substr(0, 60)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '=';
    clean += plain ? c : '_';
  }
  return clean;
}

}  // namespace

PartStore::PartStore(std::string folder, std::vector<std::string> variant_names)
    : folder_(std::move(folder)), names_(std::move(variant_names)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw RunError("{}: cannot be made: {}", folder_, error.message());
  Refresh();
}

void PartStore::Refresh() {
  std::map<std::string, PartKey> known;
  for (int64_t v = 0; v < static_cast<int64_t>(names_.size()); ++v) {
    for (Phase phase :
         {Phase::kTime, Phase::kMemory, Phase::kAccuracy, Phase::kContribution, Phase::kFailed}) {
      known[Format("{}-{:03}-", Name(phase), v)] = {phase, v, 0};
    }
  }
  for (const auto& path : ListParts(folder_)) {
    const std::string file = fs::path(path).filename().string();
    if (file == "run.h5") {
      if (!Has({})) parts_[{}] = ReadRecord(path);
      continue;
    }
    for (auto [prefix, key] : known) {
      if (file.rfind(prefix, 0) != 0) continue;
      key.rep = std::stoll(file.substr(file.rfind("-r") + 2));
      if (!Has(key)) parts_[key] = ReadRecord(path);
    }
  }
}

std::string PartStore::PathOf(const PartKey& key) const {
  if (key.phase == Phase::kRun) return folder_ + "/run.h5";
  return Format("{}/{}-{:03}-{}-r{:04}.h5", folder_, Name(key.phase), key.variant,
                Cleaned(names_.at(key.variant)), key.rep);
}

void PartStore::Put(const PartKey& key, Record record) {
  WriteRecord(PathOf(key), record);
  parts_[key] = std::move(record);
}

void PartStore::Adopt(const PartKey& key) { parts_[key] = ReadRecord(PathOf(key)); }

void PartStore::Drop(const PartKey& key) {
  std::error_code ignored;
  fs::remove(PathOf(key), ignored);
  parts_.erase(key);
}

void PartStore::Mark(int64_t variant, const std::string& status, const std::string& error) {
  if (HasFailed(variant)) return;
  Record record;
  VariantRow row;
  row.variant = names_.at(variant);
  row.status = status;
  row.error = error;
  record.variants.push_back(row);
  Put({Phase::kFailed, variant, 0}, std::move(record));
}

std::string PartStore::ErrorOf(int64_t variant) const {
  return HasFailed(variant) ? Get({Phase::kFailed, variant, 0}).variants.at(0).error : "";
}

Record PartStore::Merge(std::vector<VariantRow> variants) const {
  Record merged;
  merged.variants = std::move(variants);
  for (const auto& [key, part] : parts_) {
    if (key.phase == Phase::kRun) {
      merged.meta = part.meta;
    } else if (key.phase == Phase::kFailed) {
      merged.variants.at(key.variant).status = part.variants.at(0).status;
      merged.variants.at(key.variant).error = ErrorOf(key.variant);
    } else {
      Record rows = part;
      rows.meta.clear();
      rows.variants.clear();
      Append(merged, rows);
    }
  }
  return merged;
}

}  // namespace plelab
