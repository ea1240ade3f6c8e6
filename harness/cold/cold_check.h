// Keeps the page cache of the PLE table in the state that a config prescribes, and reports whether that could
// be verified.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/machine/page_cache.h"
#include "model/ple/strategies/factory.h"

namespace plelab {

// The byte range of the PLE table in its file.
FileRange RangeOf(const PleTable& table);

// The page cache of one variant in one repetition.  All methods are called outside of timed regions.
class ColdCheck {
 public:
  // A variant that reads no file is treated in the same way, so that all start their steps under equal
  // conditions; its verdict is not_asked.
  ColdCheck(const PageCacheSection& section, const PleTable& table, bool reads_file);

  // Brings the range into its initial state.
  void BeforePrefill();
  // Evicts the range if the config says so, and checks with mincore whether a row that is about to be read is
  // cached nevertheless.
  void BeforeStep(std::span<const int64_t> ids);
  void AfterStep(const PleStats& step);

  // The state that was set: "cold", "cold+evict_each_step", "warm" or "as_is".
  std::string State() const;
  // Whether the reads were cold.  "yes": no row was cached, and reads took as long as direct reads from the
  // same device, `direct_ns`.  "no": a row was cached.  "unverified": reads took less than half of direct_ns,
  // which means that a layer below the kernel cached them, or direct_ns is NaN.  "not_asked": the config does
  // not demand cold reads.
  std::string Verdict(double direct_ns) const;
  bool asked() const { return asked_; }

 private:
  PageCacheSection section_;
  PleTable table_;
  bool asked_, found_cached_ = false;
  std::vector<double> read_ns_;  // mean time per read call of each step that read
};

}  // namespace plelab
