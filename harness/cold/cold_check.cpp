#include "harness/cold/cold_check.h"

#include <algorithm>

#include "harness/cold/device_cold.h"
#include "harness/support/statistics.h"

namespace plelab {
namespace {

bool HasTransform(const PleOptions& options) {
  return std::ranges::any_of(DescribePleOptions(options),
                             [](const auto& option) { return option.first.ends_with("transform"); });
}

void AddRows(Curve& curve, const std::string& variant, const char* label, int64_t rep,
             const std::vector<double>& values) {
  for (const double value : values) {
    CurveRow row;
    row.series = variant;
    row.label = label;
    row.x = static_cast<double>(rep);
    row.y = value;
    curve.rows.push_back(row);
  }
}

}  // namespace

FileRange RangeOf(const PleTable& table) { return {table.path, table.offset_bytes, table.stored_bytes()}; }

ColdAsked AskedFor(const PageCacheSection& section, bool reads_file) {
  const bool guest = reads_file && section.verify && section.initial == PageCacheInitial::kCold;
  return {guest, guest && section.maintain == PageCacheMaintain::kEvictEachStep};
}

std::string GuestCold(bool asked, const GuestLooks& looks) {
  if (!asked) return "not_asked";
  return looks.cached_bytes > 0 ? "no" : "yes";
}

ColdCheck::ColdCheck(const VariantPlan& variant)
    : section_(variant.config.page_cache),
      options_(variant.config.ple),
      table_(variant.table),
      other_rows_(HasTransform(variant.config.ple)),
      asked_(AskedFor(section_, variant.reads_file())) {}

void ColdCheck::Look(const FileRange& range) {
  ++looks_.looks;
  looks_.cached_bytes += CachedBytes(range);
}

void ColdCheck::BeforePrefill() {
  const FileRange range = RangeOf(table());
  switch (section_.initial) {
    case PageCacheInitial::kAsIs:
      return;
    case PageCacheInitial::kWarm:
      if (CachedBytes(range) < range.size_bytes) WarmPageCache(range);
      return;
    case PageCacheInitial::kCold:
      EvictFromPageCache(range);
      if (asked_.guest) Look(range);
      return;
  }
}

void ColdCheck::LookAtRow(const PleTable& table, int64_t row) {
  for (const ReadRange& part : table.RangesOf(row)) Look({table.path, part.offset_bytes, part.size_bytes});
}

void ColdCheck::EvictForStep() const {
  if (section_.maintain == PageCacheMaintain::kEvictEachStep) EvictFromPageCache(RangeOf(table()));
}

void ColdCheck::BeforeStep(std::span<const int64_t> ids) {
  EvictForStep();
  if (section_.maintain != PageCacheMaintain::kEvictEachStep || !asked_.guest) return;
  if (other_rows_) return Look(RangeOf(table()));
  // `folded` reads plain rows where an id is none of the table's.
  const int64_t vocab = table().geometry.vocab;
  const bool own = std::ranges::all_of(ids, [&](int64_t id) { return id >= 0 && id < vocab; });
  const PleTable& read = own ? table() : table_;
  for (const int64_t id : ids) LookAtRow(read, PleRowOfId(id, read.geometry.vocab));
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

void ColdCheck::Describe(std::span<const StepRow> steps, RepRow& rep) const {
  rep.page_cache = State();
  rep.direct_ns = Quantile(reads_.direct_ns, 0.5);
  rep.unread_ns = Quantile(reads_.unread_ns, 0.5);
  rep.guest_cold = GuestCold(asked_.guest, looks_);
  rep.device_cold = asked_.device ? DeviceCold(RowReadsNs(steps), reads_.unread_ns) : "not_asked";
}

std::vector<Curve> ColdCheck::Curves(const std::string& variant, int64_t rep) const {
  Curve reads{kColdReferenceCurve, "repetition", "ns", {}};
  AddRows(reads, variant, "unread", rep, reads_.unread_ns);
  AddRows(reads, variant, "direct", rep, reads_.direct_ns);
  Curve looks{kGuestColdCurve, "repetition", "by label", {}};
  if (asked_.guest) {
    AddRows(looks, variant, "looks", rep, {static_cast<double>(looks_.looks)});
    AddRows(looks, variant, "cached_bytes", rep, {static_cast<double>(looks_.cached_bytes)});
  }
  std::vector<Curve> curves;
  for (Curve& curve : std::vector{reads, looks}) {
    if (!curve.rows.empty()) curves.push_back(std::move(curve));
  }
  return curves;
}

}  // namespace plelab
