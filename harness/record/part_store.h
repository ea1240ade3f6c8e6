// The part files of a run under way: one per finished (phase, variant, repetition), so that a killed run
// loses at most the one that it was in.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

enum class Phase { kRun, kTime, kMemory, kAccuracy, kContribution, kFailed };

struct PartKey {
  Phase phase = Phase::kRun;
  int64_t variant = 0;  // index into the config's variants
  int64_t rep = 0;
  auto operator<=>(const PartKey&) const = default;
};

class PartStore {
 public:
  // Makes `folder` where it is missing; reads every part that an earlier run left there.
  PartStore(std::string folder, std::vector<std::string> variant_names);

  const std::string& folder() const { return folder_; }
  std::string PathOf(const PartKey& key) const;
  bool Has(const PartKey& key) const { return parts_.count(key) > 0; }
  const Record& Get(const PartKey& key) const { return parts_.at(key); }
  // Writes the part.  Throws RunError (disk full); earlier parts stay whole.
  void Put(const PartKey& key, Record record);
  // Takes in a part that a child process wrote to PathOf(key).
  void Adopt(const PartKey& key);
  void Drop(const PartKey& key);

  // A failed variant runs no further; what it finished before stays.
  void Fail(int64_t variant, const std::string& error);
  bool HasFailed(int64_t variant) const { return Has({Phase::kFailed, variant, 0}); }
  std::string ErrorOf(int64_t variant) const;

  // All rows of the finished parts: variants in the config's order, then repetitions.
  Record Merge(std::vector<VariantRow> variants) const;

 private:
  std::string folder_;
  std::vector<std::string> names_;
  std::map<PartKey, Record> parts_;
};

}  // namespace plelab
