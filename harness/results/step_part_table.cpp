#include "harness/results/step_part_table.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/support/cut_text.h"
#include "harness/support/statistics.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr size_t kMostName = 40;

struct PartLine {
  std::string part;
  double bytes = 0, ns = 0;
};

std::string VariantShown(const Record& record) {
  std::string first;
  for (const StepPartRow& row : record.step_parts) {
    if (first.empty()) first = row.variant;
    for (const VariantRow& variant : record.variants) {
      if (variant.variant == row.variant && variant.baseline == row.variant) return row.variant;
    }
  }
  return first;
}

// GB/s before and after the variant's repetitions; NaN where nobody measured.
double BandwidthOf(const Record& record, const std::string& variant) {
  std::vector<double> found;
  for (const RepRow& rep : record.reps) {
    if (rep.variant != variant) continue;
    for (const double bandwidth : {rep.bandwidth_before, rep.bandwidth_after}) {
      if (!std::isnan(bandwidth)) found.push_back(bandwidth);
    }
  }
  return Quantile(found, 0.5);
}

// Medians over the repetitions, in the order of the file, and the whole step as their sum.
std::vector<PartLine> LinesOf(const Record& record, const std::string& variant) {
  std::vector<PartLine> lines;
  PartLine whole{"step"};
  for (const StepPartRow& named : record.step_parts) {
    const auto same = [&](const PartLine& line) { return line.part == named.part; };
    if (named.variant != variant || std::ranges::any_of(lines, same)) continue;
    std::vector<double> bytes, ns;
    for (const StepPartRow& row : record.step_parts) {
      if (row.variant != variant || row.part != named.part) continue;
      bytes.push_back(static_cast<double>(row.step_bytes));
      ns.push_back(static_cast<double>(row.time_ns));
    }
    lines.push_back({named.part, Quantile(bytes, 0.5), Quantile(ns, 0.5)});
    whole.bytes += lines.back().bytes;
    whole.ns += lines.back().ns;
  }
  lines.push_back(whole);
  return lines;
}

}  // namespace

std::string StepPartTable(const Record& record) {
  const std::string variant = VariantShown(record);
  if (variant.empty()) return "";
  const double bandwidth = BandwidthOf(record, variant);
  std::string text = Format("what a step of {} must read, and its time ({} steps observed per repetition)\n",
                            CutInMiddle(variant, kMostName), record.step_parts.front().steps);
  text += Format("{:<10} {:>10} {:>9} {:>7} {:>14}\n", "part", "MB", "ms", "GB/s", "% of bandwidth");
  for (const PartLine& line : LinesOf(record, variant)) {
    const double rate = line.bytes / line.ns;  // GB/s, as bytes per ns
    const bool known = line.bytes > 0 && line.ns > 0;
    text += Format("{:<10} {:>10.3f} {:>9.3f} {:>7} {:>14}\n", line.part, line.bytes * 1e-6, line.ns * 1e-6,
                   known ? Format("{:.1f}", rate) : "—",
                   known && !std::isnan(bandwidth) ? Format("{:.0f}", 100 * rate / bandwidth) : "—");
  }
  return text;
}

}  // namespace plelab
