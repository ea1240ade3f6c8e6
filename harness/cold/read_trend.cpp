#include "harness/cold/read_trend.h"

#include <cmath>
#include <map>

#include "harness/cold/device_cold.h"
#include "harness/statistics/trend.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr char kReadTrend[] = "read_trend";

// A repetition's median, and how many reads it is of.
struct Median {
  double ns = 0;
  int64_t reads = 0;
};
using Medians = std::map<int64_t, Median>;

ComparisonRow TrendRow(const VariantRow& variant, const char* metric, const Medians& medians) {
  ComparisonRow row;
  row.metric = metric;
  row.variant = variant.variant;
  row.baseline = variant.baseline;
  row.statistic = kReadTrend;
  std::vector<double> reps, ns;
  for (const auto& [rep, median] : medians) {
    reps.push_back(static_cast<double>(rep));
    ns.push_back(median.ns);
    row.steps += median.reads;
  }
  const Trend trend = TrendOf(reps, ns);
  row.value = trend.slope;
  row.p = trend.p;
  row.reps = std::ssize(reps);
  row.control = IsControl(variant) ? 1 : 0;
  return row;
}

Medians RowReadMedians(const Record& record, const std::string& variant) {
  std::map<int64_t, std::vector<StepRow>> steps;
  for (const StepRow& step : record.steps) {
    if (step.variant == variant) steps[step.rep].push_back(step);
  }
  Medians medians;
  for (const auto& [rep, of_rep] : steps) {
    const std::vector<double> ns = RowReadsNs(of_rep);
    if (!ns.empty()) medians[rep] = {Quantile(ns, 0.5), std::ssize(ns)};
  }
  return medians;
}

Medians UnreadMedians(const Record& record, const std::string& variant) {
  Medians medians;
  for (const RepRow& rep : record.reps) {
    if (rep.variant == variant && !std::isnan(rep.unread_ns))
      medians[rep.rep] = {rep.unread_ns, kReferenceReads};
  }
  return medians;
}

}  // namespace

std::vector<ComparisonRow> ReadTrendRows(const Record& record) {
  std::vector<ComparisonRow> rows;
  for (const VariantRow& variant : record.variants) {
    if (variant.status != "done") continue;
    for (const auto& [metric, medians] : {std::pair{"ple_read_ns", RowReadMedians(record, variant.variant)},
                                          {"unread_ns", UnreadMedians(record, variant.variant)}}) {
      if (!medians.empty()) rows.push_back(TrendRow(variant, metric, medians));
    }
  }
  return rows;
}

bool IsFlaggedTrend(const ComparisonRow& row) { return row.statistic == kReadTrend && row.p < kTrendLevel; }

std::string ReadTrendText(const std::vector<ComparisonRow>& rows) {
  std::vector<std::string> trends;
  for (const ComparisonRow& row : rows) {
    if (!IsFlaggedTrend(row)) continue;
    trends.push_back(Format("{}{} {:+.1f} µs (p {:.2g})", row.variant,
                            row.metric == "unread_ns" ? "'s reference" : "", row.value * 1e-3, row.p));
  }
  if (trends.empty()) return "";
  return Format("reads change from repetition to repetition: {}", Join(trends, ", "));
}

}  // namespace plelab
