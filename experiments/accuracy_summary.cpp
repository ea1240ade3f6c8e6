#include "experiments/accuracy_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/statistics.h"

namespace plelab {
namespace {

constexpr const char* kNone = "—";

struct Columns {
  std::string variant, megabytes, nats, delta, kl, top1;
};

std::string Line(const Columns& c, size_t width) {
  return fmt::format("{:<{}} {:>9} {:>8} {:>17} {:>8} {:>7}\n", c.variant, width, c.megabytes, c.nats,
                     c.delta, c.kl, c.top1);
}

Interval Find(const Record& record, const std::string& variant, const char* metric) {
  for (const AccuracyRow& row : record.accuracy) {
    if (row.variant == variant && row.metric == metric) return {row.value, row.low, row.high};
  }
  return {kNotMeasured, kNotMeasured, kNotMeasured};
}

std::string Number(double value, int digits) {
  return std::isnan(value) ? kNone : fmt::format("{:.{}f}", value, digits);
}

std::string Signed(const Interval& i) {
  return std::isnan(i.value) ? kNone : fmt::format("{:+.4f} ±{:.4f}", i.value, (i.high - i.low) / 2);
}

Columns ColumnsOf(const Record& record, const VariantRow& variant) {
  const std::string& name = variant.variant;
  const bool baseline = name == variant.baseline;
  return {name,
          Number(static_cast<double>(variant.table_bytes) * 1e-6, 3),
          Number(Find(record, name, "nats_per_token").value, 4),
          baseline ? "baseline" : Signed(Find(record, name, "delta_nats")),
          Number(Find(record, name, "kl_to_resident").value, 4),
          Number(Find(record, name, "top1_agreement").value * 100, 1)};
}

int64_t TokensScored(const Record& record) { return record.accuracy.empty() ? 0 : record.accuracy.front().n; }

}  // namespace

std::string AccuracySummary(const ExperimentConfig& /*config*/, const RunResult& result) {
  const Record& record = result.record;
  size_t width = 7;
  for (const VariantRow& variant : record.variants) width = std::max(width, variant.variant.size());
  std::string text =
      fmt::format("weights {} · {} · {} tokens of {}\n", MetaValue(record.meta, "weights", "unknown"),
                  MetaValue(record.meta, "dtype", "unknown"), TokensScored(record),
                  MetaValue(record.meta, "accuracy_text", "unknown"));
  text += Line({"variant", "table MB", "nats", "Δ nats [95 %]", "KL", "top-1 %"}, width);
  for (const VariantRow& variant : record.variants) {
    text += variant.status == "done"
                ? Line(ColumnsOf(record, variant), width)
                : fmt::format("{:<{}} {}: {}\n", variant.variant, width, variant.status, variant.error);
  }
  return text;
}

}  // namespace plelab
