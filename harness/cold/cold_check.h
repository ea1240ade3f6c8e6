// Keeps the page cache of the PLE table in the state that a config prescribes, and reports in two words
// whether reads were cold: `guest_cold` (no page of the row was in the page cache) and `device_cold` (reads
// took as long as reads of bytes that were never read).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/plan/run_plan.h"
#include "harness/record/record.h"
#include "harness/storage/page_cache.h"

namespace plelab {

// The byte range of the PLE table in its file.
FileRange RangeOf(const PleTable& table);

// Which of the two words a config asks for.
struct ColdAsked {
  bool guest = false, device = false;
};
// Both need `verify`, `initial: cold` and a variant that reads a file; device_cold also
// `maintain: evict_each_step`, because otherwise rows that come again are rightly cached.
ColdAsked AskedFor(const PageCacheSection& section, bool reads_file);

// What was read before the timed steps of a repetition to compare rows with, in ns for each read.
struct ColdReads {
  std::vector<double> direct_ns;  // rows of the variant's table, with O_DIRECT
  std::vector<double> unread_ns;  // bytes that were never read, as many and in the same way as the variant's
};

// How often it was looked whether the page cache holds what is about to be read, and what was found.
struct GuestLooks {
  int64_t looks = 0;
  int64_t cached_bytes = 0;
};
// "yes", "no" or "not_asked".
std::string GuestCold(bool asked, const GuestLooks& looks);

// The page cache of one variant in one repetition.  All methods are called outside of timed regions.
class ColdCheck {
 public:
  // A variant that reads no file is treated in the same way, so that all start their steps under equal
  // conditions; its verdicts are not_asked.
  explicit ColdCheck(const VariantPlan& variant);

  // Brings the range into its initial state, and looks whether any of it is cached that should not be.
  void BeforePrefill();
  // Evicts the range if the config says so.
  void EvictForStep() const;
  // The same, and then looks with mincore whether a row that is about to be
  // read is cached nevertheless.
  void BeforeStep(std::span<const int64_t> ids);

  // The state that was set: "cold", "cold+evict_each_step", "warm" or "as_is".
  std::string State() const;
  const ColdAsked& asked() const { return asked_; }
  const PageCacheSection& section() const { return section_; }
  const PleOptions& options() const { return options_; }
  // The table that the variant reads: for `folded` that of its finished inputs.
  const PleTable& table() const { return TableRead(table_); }
  void Keep(ColdReads reads) { reads_ = std::move(reads); }

  // Fills page_cache, direct_ns, unread_ns, guest_cold and device_cold of the repetition with these steps.
  void Describe(std::span<const StepRow> steps, RepRow& rep) const;
  // /curves/cold_reference and /curves/guest_cold of the repetition; empty ones are left out.
  std::vector<Curve> Curves(const std::string& variant, int64_t rep) const;

 private:
  void Look(const FileRange& range);
  void LookAtRow(const PleTable& table, int64_t row);

  PageCacheSection section_;
  PleOptions options_;
  PleTable table_;
  // A transform may read the row of another token; then the whole table is looked at.
  bool other_rows_;
  ColdAsked asked_;
  GuestLooks looks_;
  ColdReads reads_;
};

}  // namespace plelab
