#include "harness/cold/cold_record_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "harness/cold/cold_check.h"
#include "harness/cold/device_cold.h"
#include "model/base/format.h"

namespace plelab {
namespace {

using RepKey = std::pair<std::string, int64_t>;  // variant, rep

// The values of the two curves by (curve, label, variant, rep).
using CurveValues = std::map<std::tuple<std::string, std::string, std::string, int64_t>, std::vector<double>>;

CurveValues ValuesOf(const Record& record) {
  CurveValues values;
  for (const Curve& curve : record.curves) {
    if (curve.name != kColdReferenceCurve && curve.name != kGuestColdCurve) continue;
    for (const CurveRow& row : curve.rows) {
      values[{curve.name, row.label, row.series, std::llround(row.x)}].push_back(row.y);
    }
  }
  return values;
}

// The config's variant of this name, or the one that it was copied from: a copy's name is the variant's with
// @GROUP at its end, a twin's with @control.
const VariantConfig* Original(const ExperimentConfig& config, std::string name) {
  while (true) {
    const auto variant = std::ranges::find(config.variants, name, &VariantConfig::name);
    if (variant != config.variants.end()) return &*variant;
    const size_t end = name.rfind('@');
    if (end == std::string::npos) return nullptr;
    name.resize(end);
  }
}

// By name; a copy is asked what its original is.
std::map<std::string, ColdAsked> AskedByVariant(const Record& record) {
  const ExperimentConfig config =
      ParseExperimentConfig(MetaValue(record.meta, "config_yaml"), "/meta config_yaml");
  std::map<std::string, ColdAsked> asked;
  for (const VariantRow& row : record.variants) {
    const VariantConfig* variant = Original(config, row.variant);
    if (variant != nullptr) asked[row.variant] = AskedFor(variant->page_cache, row.file_bytes > 0);
  }
  return asked;
}

bool SameMedian(double stored, const std::vector<double>& values) {
  const double median = Quantile(values, 0.5);
  return stored == median || (std::isnan(stored) && std::isnan(median));
}

class ColdChecker {
 public:
  explicit ColdChecker(const Record& record) : values_(ValuesOf(record)), asked_(AskedByVariant(record)) {
    for (const StepRow& step : record.steps) steps_[{step.variant, step.rep}].push_back(step);
  }

  void Check(const RepRow& rep) {
    if (!asked_.contains(rep.variant)) return;  // CheckRecord says that it is in no table
    const ColdAsked asked = asked_.at(rep.variant);
    CheckGuest(rep, asked);
    const auto unread = Values(kColdReferenceCurve, "unread", rep);
    const auto direct = Values(kColdReferenceCurve, "direct", rep);
    const std::string device =
        asked.device ? DeviceCold(RowReadsNs(steps_[{rep.variant, rep.rep}]), unread) : "not_asked";
    if (rep.device_cold != device) {
      Add(rep, Format("device_cold: the reads give '{}', found '{}'", device, rep.device_cold));
    }
    if (!SameMedian(rep.unread_ns, unread)) Add(rep, "unread_ns is not the median of /curves/cold_reference");
    if (!SameMedian(rep.direct_ns, direct)) Add(rep, "direct_ns is not the median of /curves/cold_reference");
  }
  std::vector<std::string> Take() { return std::move(problems_); }

 private:
  void CheckGuest(const RepRow& rep, const ColdAsked& asked) {
    const auto looks = Values(kGuestColdCurve, "looks", rep);
    const auto cached = Values(kGuestColdCurve, "cached_bytes", rep);
    GuestLooks seen;
    if (asked.guest) {
      // One look before the prompt, and one for each row of each step that is evicted for.
      const int64_t least = 1 + (asked.device ? rep.valid_steps : 0);
      if (looks.size() != 1 || cached.size() != 1 || looks[0] < static_cast<double>(least)) {
        return Add(rep, Format("guest_cold: /curves/guest_cold does not have {} looks or more", least));
      }
      seen = {std::llround(looks[0]), std::llround(cached[0])};
    }
    const std::string guest = GuestCold(asked.guest, seen);
    if (rep.guest_cold == guest) return;
    Add(rep, Format("guest_cold: /curves/guest_cold gives '{}', found '{}'", guest, rep.guest_cold));
  }
  std::vector<double> Values(const char* curve, const char* label, const RepRow& rep) const {
    const auto found = values_.find({curve, label, rep.variant, rep.rep});
    return found == values_.end() ? std::vector<double>() : found->second;
  }
  void Add(const RepRow& rep, const std::string& problem) {
    problems_.push_back(Format("reps: '{}' rep {}: {}", rep.variant, rep.rep, problem));
  }

  CurveValues values_;
  std::map<std::string, ColdAsked> asked_;
  std::map<RepKey, std::vector<StepRow>> steps_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> ColdProblems(const Record& record) {
  const bool says = std::ranges::any_of(
      record.reps, [](const RepRow& rep) { return !rep.guest_cold.empty() || !rep.device_cold.empty(); });
  if (!says) return {};
  ColdChecker checker(record);
  for (const RepRow& rep : record.reps) checker.Check(rep);
  return checker.Take();
}

}  // namespace plelab
