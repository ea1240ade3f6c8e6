#include "experiments/replay/quick_report.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/support/units.h"
#include "model/base/byte_size.h"
#include "model/base/format.h"

namespace plelab {
namespace {

// Three digits, as people read a time: 0.238, 7.14, 12.5, 200.
std::string Ms(double ns) {
  const double ms = ns / 1e6;
  if (std::isnan(ms)) return "-";
  const double size = std::fabs(ms);
  return size < 9.995 ? Format("{:.3f}", ms) : size < 99.95 ? Format("{:.2f}", ms) : Format("{:.0f}", ms);
}

std::string SignedMs(const Interval& ns) {
  if (std::isnan(ns.value)) return "-";
  if (std::isnan(ns.low)) return Format("{:+.3f}", ns.value / 1e6);
  return Format("{:+.3f} [{:+.3f}, {:+.3f}]", ns.value / 1e6, ns.low / 1e6, ns.high / 1e6);
}

std::string_view Word(PlacementSays says) {
  switch (says) {
    case PlacementSays::kCosts:
      return "more";
    case PlacementSays::kWithin:
      return "within";
    case PlacementSays::kUndecided:
      return "undecided";
  }
  return "";
}

std::string CostsText(const QuickReport& report) {
  std::string text = Format("\nA row of {} bytes: ms until it is there, and until 32 asked for at once are\n",
                            WithCommas(report.row_bytes));
  text += Format("  {:<10}{:<14}{:>9}{:>9}{:>12}{:>9}{:>14}\n", "backend", "page cache", "1: p50", "p99",
                 "32: p50", "p99", "rows/s at 32");
  for (const RowCost& one : report.costs) {
    if (one.depth != 1) continue;
    const auto many = std::ranges::find_if(report.costs, [&](const RowCost& c) {
      return c.depth > 1 && c.backend == one.backend && c.state == one.state;
    });
    text += Format("  {:<10}{:<14}", one.backend, one.state);
    if (!one.skipped.empty()) {
      text += "  not measured: " + one.skipped.substr(0, 60) + "\n";
      continue;
    }
    text += Format("{:>9}{:>9}", Ms(one.p50_ns), Ms(one.p99_ns));
    if (many != report.costs.end() && many->skipped.empty()) {
      text += Format("{:>12}{:>9}{:>14}", Ms(many->p50_ns), Ms(many->p99_ns),
                     WithCommas(std::llround(many->rows_per_s)));
    }
    text += "\n";
  }
  const bool modelled =
      std::ranges::any_of(report.costs, [](const RowCost& c) { return c.state == "modelled"; });
  return text +
         (modelled ? "  Modelled: answered as late as the device of a profile would.\n"
                   : "  Cold: evicted from this system's page cache; nothing is said of caches below it.\n");
}

std::string HitsText(const QuickReport& report) {
  std::string text = "\nHits of a cache in RAM, of the second half of a novel after its first half\n";
  if (!report.hits_skipped.empty()) return text + "  not counted: " + report.hits_skipped + "\n";
  std::string heading = Format("  {:<10}{:>8}", "cache", "rows"), rows;
  int64_t bytes = -1;
  for (const CacheHits& hits : report.hits) {
    if (hits.cache_bytes != bytes) {
      rows += Format("{}  {:<10}{:>8}", rows.empty() ? "" : "\n", FormatBytes(hits.cache_bytes),
                     WithCommas(hits.rows));
      bytes = hits.cache_bytes;
    }
    if (bytes == report.hits.front().cache_bytes) heading += Format("{:>15}", hits.policy);
    rows += Format("{:>13.1f} %", 100 * hits.hit_rate);
  }
  return text + heading + "\n" + rows + "\n";
}

const ReplayContrast& VariantOf(const StepTimePoint& point) { return point.contrasts.at(1); }
const ReplayContrast& TwinOf(const StepTimePoint& point) { return point.contrasts.at(2); }

// How far from 0 the interval of the baseline's twin reaches: what is below it is no difference.
double FloorNs(const StepTimePoint& point) {
  const Interval& twin = TwinOf(point).difference_ns;
  return std::max(std::fabs(twin.low), std::fabs(twin.high));
}

constexpr char kPointColumns[] = "  {:>5}{:>10}{:>29}{:>11}{:>9}{:>11}{:>12}  {}\n";

std::string PointText(const StepTimePoint& point) {
  const ReplayContrast &base = point.contrasts.at(0), &variant = VariantOf(point);
  return Format(kPointColumns, Format("{:g}", point.step_ms), Ms(base.p50_ns),
                SignedMs(variant.difference_ns),
                Format("{:+.1f} %", 100 * variant.difference_ns.value / base.mean_ns),
                Format("{:+.3f}", variant.median_difference_ns.value / 1e6), Ms(variant.wait_ns),
                Ms(FloorNs(point)), Word(SaysOf(point)));
}

// Lines of at most 98 characters, broken between words.
std::string Wrapped(const std::string& text) {
  constexpr size_t kMostColumns = 98;
  std::string lines, line;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && line.size() + 1 + word.size() > kMostColumns)
      lines += std::exchange(line, "") + "\n";
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  return lines + line;
}

std::string CostSentence(const QuickReport& report) {
  const RowCost* cold = ColdRowCost(report);
  if (cold == nullptr) return "What a row costs could not be measured here.";
  std::string text = Format("A row costs {} ms {} ({}, one at a time; p99 {})", Ms(cold->p50_ns), cold->state,
                            cold->backend, Ms(cold->p99_ns));
  for (const RowCost& cost : report.costs) {
    const bool warm = cost.state == "warm" && cost.depth == 1 && cost.skipped.empty();
    if (warm) text += Format(" and {} ms from the page cache", Ms(cost.p50_ns));
  }
  return text +
         Format(
             "; asked for when the token is known, its read ends within the first of {} layers in steps "
             "of {} ms and more.",
             report.layers, Ms(1e6 * HiddenFromMs(cold->p50_ns, report.layers)));
}

std::string ThresholdSentence(const QuickReport& report) {
  const auto [costs, within] = ThresholdOf(report.points);
  const std::string margin = Format("{:g} %", report.margin_percent);
  if (report.points.empty()) return "";
  std::string text = std::isnan(costs)
                         ? Format(
                               "No step of {:g} ms or more was found where placement costs more than "
                               "{}",
                               report.points.front().step_ms, margin)
                         : Format("Placement costs more than {} of a step of {:g} ms", margin, costs);
  if (!std::isnan(costs) && costs > report.points.front().step_ms) text += " and less";
  if (std::isnan(within))
    return text + Format("; up to {:g} ms none was shown to be within it.", report.points.back().step_ms);
  return text + Format("; from {:g} ms on it is within {}.", within, margin);
}

double StretchOf(const StepTimePoint& point) { return point.contrasts.front().p50_ns / 1e6 / point.step_ms; }

// What makes the times of a replay doubtful is said before them.
std::string BusySentence(const std::vector<StepTimePoint>& points) {
  double longest = 0;
  for (const StepTimePoint& point : points) longest = std::max(longest, StretchOf(point));
  if (longest <= kMostStretch) return "";
  return Format(
      "This machine was busy, or is too slow for so short steps: at one length half of them took {:.1f} "
      "times as "
      "long as they should and more. Run it again when nothing else runs. ",
      longest);
}

}  // namespace

PlacementSays SaysOf(const StepTimePoint& point) {
  const ReplayContrast &variant = VariantOf(point), &twin = TwinOf(point);
  const bool as_asked = StretchOf(point) <= kMostStretch && StretchOf(point) >= 1 / kMostStretch;
  if (twin.verdict == Verdict::kFail || !as_asked) return PlacementSays::kUndecided;
  if (variant.verdict == Verdict::kFail && variant.difference_ns.low > 0) {
    // Whatever the machine did to the twin, it did less to it than placement did.
    return variant.difference_ns.value > FloorNs(point) ? PlacementSays::kCosts : PlacementSays::kUndecided;
  }
  const bool both = variant.verdict == Verdict::kPass && twin.verdict == Verdict::kPass;
  return both ? PlacementSays::kWithin : PlacementSays::kUndecided;
}

PlacementThreshold ThresholdOf(const std::vector<StepTimePoint>& points) {
  PlacementThreshold threshold{kNan, kNan};
  for (const StepTimePoint& point : points) {
    const PlacementSays says = SaysOf(point);
    if (says == PlacementSays::kCosts) threshold.costs_up_to_ms = point.step_ms;
    if (says != PlacementSays::kWithin) threshold.within_from_ms = kNan;
    if (says == PlacementSays::kWithin && std::isnan(threshold.within_from_ms))
      threshold.within_from_ms = point.step_ms;
  }
  return threshold;
}

double HiddenFromMs(double read_ns, int64_t layers) { return read_ns * static_cast<double>(layers) / 1e6; }

const RowCost* ColdRowCost(const QuickReport& report) {
  for (const RowCost& cost : report.costs) {
    const bool named = report.rows_from.ends_with("backend=" + cost.backend) && cost.state != "warm";
    if (named && cost.depth == 1 && cost.skipped.empty()) return &cost;
  }
  return nullptr;
}

std::string QuickConclusion(const QuickReport& report) {
  const std::string threshold = ThresholdSentence(report);
  return BusySentence(report.points) + CostSentence(report) + (threshold.empty() ? "" : " ") + threshold;
}

std::string PointsText(const std::vector<StepTimePoint>& points) {
  std::string text = Format(kPointColumns, "step", "p50 here", "placement, ms [95 %]", "of a step", "median",
                            "exposed", "control, ±", "margin");
  for (const StepTimePoint& point : points) text += PointText(point);
  return text +
         "  All in ms.  Median: of the differences, which stalls do not move.  Exposed: waits for rows.\n"
         "  Control: how far the baseline's twin reaches; a smaller difference is none.\n";
}

std::string QuickText(const QuickReport& report) {
  return Format("Storage: {}\nTable: {}\n", report.storage, report.table) + CostsText(report) +
         HitsText(report) +
         Format("\nSteps of a stand-in for a model: '{}' against '{}'\n", report.rows_from, report.baseline) +
         PointsText(report.points) + "\n" + Wrapped(QuickConclusion(report)) + "\n";
}

}  // namespace plelab
