// Keeps the page cache of the PLE table in the state that a config asks for, and tells whether that can be
// proved.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/machine/page_cache.h"
#include "model/ple/strategies/factory.h"

namespace plelab {

// The bytes of the PLE table in its file.
FileRange RangeOf(const PleTable& table);

// One variant in one repetition.  Everything here happens outside of timed regions.
class ColdCheck {
 public:
  // A variant that reads no file gets the same treatment, so that all come to their steps alike; its verdict
  // is not_asked.
  ColdCheck(const PageCacheSection& section, const PleTable& table, bool reads_file);

  // Puts the range into its initial state.
  void BeforePrefill();
  // Evicts where asked, and looks (mincore) whether a row that is about to be read is cached all the same.
  void BeforeStep(std::span<const int64_t> ids);
  void AfterStep(const PleStats& step);

  // "cold", "cold+evict_each_step", "warm", "as_is": what was set.
  std::string State() const;
  // yes: no row was cached, and reads took as long as this device's own direct reads; no: a row was cached;
  // unverified: reads took less than half of `direct_ns` (something below us cached), or there is no
  // direct_ns (NaN); not_asked.
  std::string Verdict(double direct_ns) const;
  bool asked() const { return asked_; }

 private:
  PageCacheSection section_;
  PleTable table_;
  bool asked_, found_cached_ = false;
  std::vector<double> read_ns_;  // mean per read call, of each step that read
};

}  // namespace plelab
