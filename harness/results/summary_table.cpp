#include "harness/results/summary_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/cold/read_trend.h"
#include "harness/comparison/comparison.h"
#include "harness/comparison/control.h"
#include "harness/results/step_part_table.h"
#include "harness/support/cut_text.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr size_t kColumns = 100;
constexpr size_t kMostNames = 30;  // of a baseline within a sentence
constexpr const char* kNone = "—";
constexpr double kTailShare = 0.5;  // above it, a few stalls made most of a difference
constexpr size_t kMostFlags = 5;

std::string Number(double value, int digits) {
  return std::isnan(value) ? kNone : Format("{:.{}f}", value, digits);
}

// The value ± half the width of its 95 % interval.  The result file and the report have the interval itself.
std::string Signed(const Interval& i, int digits) {
  if (std::isnan(i.value)) return kNone;
  if (std::isnan(i.low)) return Format("{:+.{}f}", i.value, digits);
  return Format("{:+.{}f} ±{:.{}f}", i.value, digits, (i.high - i.low) / 2, digits);
}

// Milliseconds in about four characters, whatever their size.
std::string Milliseconds(double ns) {
  const double ms = ns * 1e-6;
  return Number(ms, ms >= 100 ? 0 : ms >= 10 ? 1 : 2);
}

std::string Megabytes(int64_t bytes) {
  return Number(static_cast<double>(bytes) * 1e-6, bytes >= 100'000'000 ? 0 : 1);
}

size_t Characters(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// A table of texts, with a heading over each column.  A column that says nothing of any row is left out.
struct TextTable {
  struct Column {
    std::string heading;
    std::vector<std::string> cells;
  };
  std::vector<std::string> names;    // of the rows, cut in the middle where they would not fit
  std::vector<std::string> remarks;  // a line below a row; ""
  std::vector<Column> columns;

  std::string Print() const {
    std::vector<Column> shown;
    std::vector<size_t> widths;
    size_t rest = 0;
    for (const Column& column : columns) {
      if (std::ranges::all_of(column.cells,
                              [](const auto& cell) { return cell == kNone || cell == "baseline"; }))
        continue;
      size_t width = Characters(column.heading);
      for (const std::string& cell : column.cells) width = std::max(width, Characters(cell));
      shown.push_back(column);
      widths.push_back(width);
      rest += width + 1;
    }
    size_t name_width = 7;
    for (const std::string& name : names) name_width = std::max(name_width, Characters(name));
    if (rest + name_width > kColumns) name_width = rest + 7 > kColumns ? 7 : kColumns - rest;
    std::string text = Format("{:<{}}", "variant", name_width);
    for (size_t c = 0; c < shown.size(); ++c) text += Format(" {:>{}}", shown[c].heading, widths[c]);
    text += "\n";
    for (size_t row = 0; row < names.size(); ++row) {
      text += Format("{:<{}}", CutInMiddle(names[row], name_width), name_width);
      for (size_t c = 0; c < shown.size(); ++c) text += Format(" {:>{}}", shown[c].cells[row], widths[c]);
      text += "\n";
      if (row < remarks.size() && !remarks[row].empty())
        text += CutAtEnd("  " + remarks[row], kColumns) + "\n";
    }
    return text;
  }
};

// A row of /tables/comparisons about step_ns; nullptr where nothing was measured.
const ComparisonRow* StepRowOf(const Record& record, const std::string& variant, std::string_view statistic) {
  for (const ComparisonRow& row : record.comparisons) {
    if (row.variant == variant && row.metric == "step_ns" && row.statistic == statistic) return &row;
  }
  return nullptr;
}

double Level(const Record& record, const std::string& variant, std::string_view statistic) {
  const ComparisonRow* row = StepRowOf(record, variant, statistic);
  return row == nullptr ? kNotMeasured : row->value;
}

std::string DifferenceText(const ComparisonRow* row) {
  return row == nullptr ? kNone : Signed({row->value * 1e-6, row->low * 1e-6, row->high * 1e-6}, 3);
}

std::string VerdictText(const ComparisonRow* row) {
  return row == nullptr || row->verdict.empty() ? kNone : row->verdict;
}

// What makes a difference less than it seems: predecessors, or a few stalls.
std::string Remark(const Record& record, const std::string& variant) {
  const ComparisonRow* plain = StepRowOf(record, variant, "mean_difference");
  const ComparisonRow* direct = StepRowOf(record, variant, "direct_difference");
  std::vector<std::string> remarks;
  if (plain != nullptr && direct != nullptr && PredecessorsMatter(*plain, *direct)) {
    remarks.push_back("Δ mean freed of predecessors " + DifferenceText(direct));
  }
  if (const double share = Level(record, variant, "tail_share"); share > kTailShare) {
    remarks.push_back(Format("{:.0f} % of Δ mean is from the slowest 1 % of steps", share * 100));
  }
  return Format("{}", Join(remarks, "; "));
}

// The variants that are compared with one baseline, itself among them; "" has those that have none.
struct Compared {
  std::string baseline, group;
  std::vector<const VariantRow*> variants;
};

std::vector<Compared> ByBaseline(const Record& record) {
  std::vector<Compared> found;
  for (const VariantRow& variant : record.variants) {
    if (IsControl(variant) || variant.status != "done") continue;
    auto place = std::ranges::find(found, variant.baseline, &Compared::baseline);
    if (place == found.end()) {
      found.push_back({variant.baseline, variant.group, {}});
      place = found.end() - 1;
    }
    const bool first = variant.variant == variant.baseline;  // a copy comes last in the file
    place->variants.insert(first ? place->variants.begin() : place->variants.end(), &variant);
  }
  return found;
}

std::string Heading(const Record& record, const Compared& compared) {
  if (compared.baseline.empty()) return "compared with nothing\n";
  double margin = kNotMeasured;
  bool has_interval = false;
  for (const VariantRow* variant : compared.variants) {
    const ComparisonRow* mean = StepRowOf(record, variant->variant, "mean_difference");
    const ComparisonRow* ratio = StepRowOf(record, variant->variant, "ratio");
    has_interval = has_interval || (mean != nullptr && !std::isnan(mean->low));
    if (ratio != nullptr) margin = ratio->margin;
  }
  std::string text = "differences to " + CutInMiddle(compared.baseline, kMostNames);
  if (!compared.group.empty()) text = "group " + CutInMiddle(compared.group, kMostNames) + ": " + text;
  if (std::isnan(margin)) return text + "\n";
  return Format("{} ({}), margin {:g} %\n", text,
                has_interval ? "± 95 %" : "too few repetitions for intervals", margin * 100);
}

std::string TimeTable(const Record& record, const Compared& compared) {
  TextTable table;
  table.columns = {{"mean/p99 ms", {}}, {"Δ mean ms", {}}, {"verdict", {}}, {"median", {}},
                   {"Δ median ms", {}}, {"verdict", {}},   {"% step", {}}};
  for (const VariantRow* variant : compared.variants) {
    const std::string& name = variant->variant;
    const ComparisonRow* mean = StepRowOf(record, name, "mean_difference");
    const ComparisonRow* median = StepRowOf(record, name, "median_difference");
    const bool is_baseline = name == compared.baseline;
    const double share =
        median == nullptr ? kNotMeasured : 100 * median->value / Level(record, compared.baseline, "median");
    const std::vector<std::string> cells = {
        Milliseconds(Level(record, name, "mean")) + "/" + Milliseconds(Level(record, name, "p99")),
        is_baseline ? "baseline" : DifferenceText(mean),
        VerdictText(mean),
        Milliseconds(Level(record, name, "median")),
        is_baseline ? "baseline" : DifferenceText(median),
        VerdictText(median),
        std::isnan(share) ? kNone : Format("{:+.1f}", share)};
    table.names.push_back(name);
    table.remarks.push_back(Remark(record, name));
    for (size_t c = 0; c < cells.size(); ++c) table.columns[c].cells.push_back(cells[c]);
  }
  return Heading(record, compared) + table.Print();
}

// What the repetitions of a variant say of its reads, the worst word of each kind: "yes/unknown".
std::string Cold(const Record& record, const std::string& variant) {
  const auto worst = [&](std::string RepRow::*column) -> std::string {
    for (const char* word : {"no", "unknown", "yes"}) {
      for (const RepRow& rep : record.reps) {
        if (rep.variant == variant && rep.*column == word) return word;
      }
    }
    return kNone;
  };
  const std::string guest = worst(&RepRow::guest_cold), device = worst(&RepRow::device_cold);
  return guest == kNone && device == kNone ? kNone : guest + "/" + device;
}

std::vector<std::string> RestOf(const Record& record, const VariantRow& variant) {
  std::vector<double> ttft, wait_ns, hidden_ns;
  int64_t lookups = 0, hits = 0;
  for (const auto& rep : record.reps) {
    if (rep.variant == variant.variant) ttft.push_back(static_cast<double>(rep.ttft_ns));
  }
  for (const auto& step : record.steps) {
    if (step.variant != variant.variant) continue;
    wait_ns.push_back(static_cast<double>(step.ple_wait_ns));
    hidden_ns.push_back(static_cast<double>(step.ple_hidden_ns));
    lookups += step.lookups;
    hits += step.hits;
  }
  const bool cached = variant.strategy == "cached" && lookups > 0;
  const Interval nats = AccuracyOf(record, variant.variant, "delta_nats");
  const bool zero = nats.value == 0 && nats.low == 0 && nats.high == 0;
  const bool is_baseline = variant.variant == variant.baseline;
  return {Megabytes(variant.fast_bytes),
          Megabytes(variant.file_bytes),
          Milliseconds(Quantile(ttft, 0.5)),
          Number(Mean(wait_ns) * 1e-3, 0),
          Number(Mean(hidden_ns) * 1e-3, 0),
          cached ? Format("{:.1f}", 100.0 * static_cast<double>(hits) / static_cast<double>(lookups)) : kNone,
          Cold(record, variant.variant),
          is_baseline ? "baseline"
          : zero      ? "0"
                      : Signed(nats, 3),
          variant.exact ? "yes" : "no"};
}

std::string RestTable(const Record& record) {
  TextTable table;
  table.columns = {{"MB RAM", {}},    {"MB dsk", {}}, {"TTFT ms", {}},           {"wait µs", {}},
                   {"hidden µs", {}}, {"% hits", {}}, {"cold guest/device", {}}, {"Δ nats [95 %]", {}},
                   {"bit", {}}};
  for (const VariantRow& variant : record.variants) {
    if (IsControl(variant) || variant.status != "done") continue;
    table.names.push_back(variant.variant);
    const std::vector<std::string> cells = RestOf(record, variant);
    for (size_t c = 0; c < cells.size(); ++c) table.columns[c].cells.push_back(cells[c]);
  }
  if (table.names.empty()) return "";
  const std::string text = table.Print();
  return record.steps.empty() ? text : "what explains it (placement costs Δ, not the waits)\n" + text;
}

std::string FailureLines(const Record& record) {
  std::string text;
  for (const VariantRow& variant : record.variants) {
    if (variant.status == "done" || IsControl(variant)) continue;
    text +=
        CutAtEnd(Format("{} {}: {}", CutInMiddle(variant.variant, kMostNames), variant.status, variant.error),
                 kColumns) +
        "\n";
  }
  return text;
}

std::string ColdText(const Record& record) {
  std::set<std::string> states;
  for (const auto& rep : record.reps) states.insert(rep.page_cache);
  return states.empty() ? "not measured" : Format("{}", Join(states, ", "));
}

// What the run was made with, or that a sweep gives each variant its own.
std::string MetaOrSwept(const Record& record, const std::string& key) {
  const bool swept = std::ranges::any_of(record.variants, [&](const VariantRow& variant) {
    const size_t at = variant.variant.find('@');
    return at != std::string::npos && variant.variant.find(key + "=", at) != std::string::npos;
  });
  return swept ? key + " by variant" : MetaValue(record.meta, key, "unknown");
}

std::string Header(const Record& record) {
  double low = kNotMeasured, high = kNotMeasured;
  for (const auto& rep : record.reps) {
    low = std::fmin(low, std::fmin(rep.bandwidth_before, rep.bandwidth_after));
    high = std::fmax(high, std::fmax(rep.bandwidth_before, rep.bandwidth_after));
  }
  const std::string threads = MetaOrSwept(record, "threads");
  const std::string trend = ReadTrendText(record.comparisons);
  const char* unit = threads == "1" ? " thread" : threads.ends_with("variant") ? "" : " threads";
  return Format(
      "weights {} · {} · {}{} · decode {} · isolate {}\npage cache {} · read bandwidth {}–{} GB/s during the "
      "run\n{}",
      MetaValue(record.meta, "weights", "unknown"), MetaOrSwept(record, "dtype"), threads, unit,
      MetaValue(record.meta, "decode", "unknown"), MetaValue(record.meta, "isolate", "unknown"),
      ColdText(record), Number(low, 0), Number(high, 0),
      trend.empty() ? "" : CutAtEnd(trend, kColumns) + "\n");
}

std::string Microseconds(const ComparisonRow& row) {
  if (std::isnan(row.low)) return Format("{:+.1f} µs", row.value * 1e-3);
  return Format("{:+.1f} µs [{:.1f}, {:.1f}]", row.value * 1e-3, row.low * 1e-3, row.high * 1e-3);
}

const ComparisonRow* ControlRow(const Record& record, const std::string& baseline,
                                std::string_view statistic) {
  for (const ComparisonRow& row : record.comparisons) {
    if (row.control == 1 && row.metric == "step_ns" && row.baseline == baseline &&
        row.statistic == statistic) {
      return &row;
    }
  }
  return nullptr;
}

// nullptr: the turns were not recorded, as in a peer's file, where a turn is a whole round.
std::string CarryOverText(const ComparisonRow* row) {
  if (row == nullptr || std::isnan(row->p_corrected)) return "carry-over not tested";
  if (row->p_corrected < kControlLevel) {
    return Format("{} is {:+.0f} µs off its mean behind another (p {:.2g})",
                  CutInMiddle(row->variant, kMostNames), row->value * 1e-3, row->p_corrected);
  }
  return Format("no carry-over (p {:.2g})", row->p_corrected);
}

// What the run's own controls say, a line for each; it stands before all times, what failed first.
std::string ControlLines(const Record& record) {
  std::string failed, text;
  for (const VariantRow& variant : record.variants) {
    if (!IsControl(variant)) continue;
    const ComparisonRow* twin = ControlRow(record, variant.baseline, "mean_difference");
    const ComparisonRow* carry = ControlRow(record, variant.baseline, "carry_over");
    if (twin == nullptr && carry == nullptr) continue;
    const std::string baseline = CutInMiddle(variant.baseline, kMostNames);
    const auto fails = [](const ComparisonRow* row) {
      return row != nullptr && row->p_corrected < kControlLevel;
    };
    if (fails(twin) || fails(carry)) {
      failed += Format("CONTROL FAILED: no comparison with {} counts\n", baseline);
    }
    const std::string difference = twin == nullptr ? "failed" : Microseconds(*twin);
    const std::string of_twin = Format("control: {}'s twin {};", baseline, difference);
    const std::string line = of_twin + " " + CarryOverText(carry);
    text += (Characters(line) <= kColumns ? line : of_twin + "\n  " + CarryOverText(carry)) + "\n";
  }
  return text.empty() ? "control: none\n" : failed + text;
}

// The repetitions that the run itself finds suspect, and what to do about them.
std::string FlagLines(const Record& record) {
  std::map<int64_t, std::vector<std::string>> flags;
  for (const RepRow& rep : record.reps) {
    if (rep.flag.empty()) continue;
    std::vector<std::string>& said = flags[rep.rep];
    if (std::ranges::find(said, rep.flag) == said.end()) said.push_back(rep.flag);
  }
  if (flags.empty()) return "";
  std::string text;
  size_t named = 0;
  for (const auto& [rep, said] : flags) {
    if (++named > kMostFlags) break;
    text += CutAtEnd(Format("repetition {} flagged: {}", rep, Join(said, "; ")), kColumns) + "\n";
  }
  if (flags.size() > kMostFlags) text += Format("{} more repetitions flagged\n", flags.size() - kMostFlags);
  return text + "measure again when the machine is idle\n";
}

}  // namespace

std::string SummaryTable(const Record& record) {
  std::string text = ControlLines(record) + Header(record);
  if (!record.steps.empty()) {
    for (const Compared& compared : ByBaseline(record)) text += TimeTable(record, compared);
  }
  return text + RestTable(record) + StepPartTable(record) + FailureLines(record) + FlagLines(record);
}

}  // namespace plelab
