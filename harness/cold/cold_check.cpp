#include "harness/measure/cold_check.h"

#include <cmath>

#include "harness/support/statistics.h"

namespace plelab {

FileRange RangeOf(const PleTable& table) {
  return {table.path, table.offset_bytes, table.geometry.table_bytes()};
}

ColdCheck::ColdCheck(const PageCacheSection& section, const PleTable& table, bool reads_file)
    : section_(section),
      table_(table),
      asked_(reads_file && section.verify && section.initial == PageCacheInitial::kCold) {}

void ColdCheck::BeforePrefill() {
  const FileRange range = RangeOf(table_);
  switch (section_.initial) {
    case PageCacheInitial::kAsIs:
      return;
    case PageCacheInitial::kWarm:
      if (CachedBytes(range) < range.size_bytes) WarmPageCache(range);
      return;
    case PageCacheInitial::kCold:
      EvictFromPageCache(range);
      if (asked_) found_cached_ |= CachedBytes(range) > 0;
      return;
  }
}

void ColdCheck::BeforeStep(std::span<const int64_t> ids) {
  if (section_.maintain != PageCacheMaintain::kEvictEachStep) return;
  EvictFromPageCache(RangeOf(table_));
  if (!asked_) return;
  const int64_t row_bytes = table_.geometry.row_bytes();
  for (int64_t id : ids) {
    const int64_t row = PleRowOfId(id, table_.geometry.vocab);
    found_cached_ |= CachedBytes({table_.path, table_.offset_bytes + row * row_bytes, row_bytes}) > 0;
  }
}

void ColdCheck::AfterStep(const PleStats& step) {
  if (asked_ && step.read_calls > 0) read_ns_.push_back(static_cast<double>(step.read_ns) / step.read_calls);
}

std::string ColdCheck::State() const {
  std::string state;
  switch (section_.initial) {
    case PageCacheInitial::kCold:
      state = "cold";
      break;
    case PageCacheInitial::kWarm:
      state = "warm";
      break;
    case PageCacheInitial::kAsIs:
      state = "as_is";
      break;
  }
  if (section_.maintain == PageCacheMaintain::kEvictEachStep) state += "+evict_each_step";
  return state;
}

std::string ColdCheck::Verdict(double direct_ns) const {
  if (!asked_) return "not_asked";
  if (found_cached_) return "no";
  // Without eviction before each step only the start is meant to be cold, and repeated rows are rightly
  // cached.
  if (section_.maintain != PageCacheMaintain::kEvictEachStep) return "yes";
  if (std::isnan(direct_ns) || read_ns_.empty()) return "unverified";
  return Quantile(read_ns_, 0.5) < 0.5 * direct_ns ? "unverified" : "yes";
}

}  // namespace plelab
