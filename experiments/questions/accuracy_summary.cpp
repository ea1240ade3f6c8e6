#include "experiments/questions/accuracy_summary.h"

#include <algorithm>
#include <cmath>

#include "harness/support/cut_text.h"
#include "harness/support/statistics.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr const char* kNone = "—";
constexpr size_t kNameWidth = 40;  // characters of a variant's name, at most

// One line: the variant and the experiment's own columns, all of them ASCII, then what was scored.
struct Line {
  std::vector<std::string> own;
  std::string nats, delta, kl, top1;
  std::string error = "";  // replaces everything but the variant
};

std::string Number(double value, int digits) {
  return std::isnan(value) ? kNone : Format("{:.{}f}", value, digits);
}

std::string Signed(const Interval& i) {
  return std::isnan(i.value) ? kNone : Format("{:+.4f} ±{:.4f}", i.value, (i.high - i.low) / 2);
}

Line HeadOf(const std::vector<VariantColumn>& columns) {
  Line line{{"variant"}, "nats", "Δ nats [95 %]", "KL", "top-1 %"};
  for (const VariantColumn& column : columns) line.own.push_back(column.title);
  return line;
}

Line LineOf(const Record& record, const VariantRow& variant, const std::vector<VariantColumn>& columns) {
  const std::string& name = variant.variant;
  if (variant.status != "done") {
    return {{name}, "", "", "", "", Format("{}: {}", variant.status, variant.error)};
  }
  Line line{{name},
            Number(AccuracyOf(record, name, "nats_per_token").value, 4),
            name == variant.baseline ? "baseline" : Signed(AccuracyOf(record, name, "delta_nats")),
            Number(AccuracyOf(record, name, "kl_to_resident").value, 4),
            Number(AccuracyOf(record, name, "top1_agreement").value * 100, 1)};
  for (const VariantColumn& column : columns) line.own.push_back(column.text(variant));
  return line;
}

std::vector<size_t> WidthsOf(const std::vector<Line>& lines) {
  std::vector<size_t> widths(lines.front().own.size(), 0);
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.own.size(); ++i) widths[i] = std::max(widths[i], line.own[i].size());
  }
  widths[0] = std::min(widths[0], kNameWidth);
  return widths;
}

std::string Text(const Line& line, const std::vector<size_t>& widths) {
  std::string text = Format("{:<{}}", CutInMiddle(line.own[0], widths[0]), widths[0]);
  if (!line.error.empty()) return Format("{} {}\n", text, line.error);
  for (size_t i = 1; i < line.own.size(); ++i) text += Format(" {:>{}}", line.own[i], widths[i]);
  return Format("{} {:>8} {:>17} {:>8} {:>7}\n", text, line.nats, line.delta, line.kl, line.top1);
}

int64_t TokensScored(const Record& record) { return record.accuracy.empty() ? 0 : record.accuracy.front().n; }

}  // namespace

std::string AccuracySummary(const ExperimentConfig& /*config*/, const RunResult& result) {
  return AccuracySummary(result, {{"table MB", [](const VariantRow& variant) {
                                     return Number(static_cast<double>(variant.table_bytes) * 1e-6, 3);
                                   }}});
}

std::string AccuracySummary(const RunResult& result, const std::vector<VariantColumn>& columns) {
  const Record& record = result.record;
  std::vector<Line> lines = {HeadOf(columns)};
  for (const VariantRow& variant : record.variants) lines.push_back(LineOf(record, variant, columns));
  const std::vector<size_t> widths = WidthsOf(lines);
  std::string text =
      Format("weights {} · {} · {} tokens of {}\n", MetaValue(record.meta, "weights", "unknown"),
             MetaValue(record.meta, "dtype", "unknown"), TokensScored(record),
             MetaValue(record.meta, "accuracy_text", "unknown"));
  for (const Line& line : lines) text += Text(line, widths);
  return text;
}

}  // namespace plelab
