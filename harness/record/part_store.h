// The part files of a run under way, one per finished (phase, variant, repetition), so that a killed run
// loses at most the one that it was working on.
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
  // Creates `folder` when it is missing, and reads every part that an earlier run left there.
  PartStore(std::string folder, std::vector<std::string> variant_names);

  const std::string& folder() const { return folder_; }
  std::string PathOf(const PartKey& key) const;
  bool Has(const PartKey& key) const { return parts_.count(key) > 0; }
  const Record& Get(const PartKey& key) const { return parts_.at(key); }
  // Writes the part.  Throws RunError (such as a full disk); earlier parts stay intact.
  void Put(const PartKey& key, Record record);
  // Adds a part that a child process wrote to PathOf(key).
  void Adopt(const PartKey& key);
  // Adds all parts that child processes wrote since the store was made.
  void Refresh();
  void Drop(const PartKey& key);
  // Drops the part here and leaves its file, until it is written anew.
  void Forget(const PartKey& key) { parts_.erase(key); }

  // Marks a variant as failed: it does not run again, but keeps what it finished before.
  void Fail(int64_t variant, const std::string& error) { Mark(variant, "failed", error); }
  // The same for one that this machine cannot measure; the run does not fail with it.
  void Skip(int64_t variant, const std::string& reason) { Mark(variant, "skipped", reason); }
  // Failed or skipped.
  bool HasFailed(int64_t variant) const { return Has({Phase::kFailed, variant, 0}); }
  std::string ErrorOf(int64_t variant) const;

  // All rows of the finished parts, ordered by variant as in the config, then by repetition.
  Record Merge(std::vector<VariantRow> variants) const;

 private:
  void Mark(int64_t variant, const std::string& status, const std::string& error);

  std::string folder_;
  std::vector<std::string> names_;
  std::map<PartKey, Record> parts_;
};

}  // namespace plelab
