#include "harness/run/summary_table.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/cold/read_trend.h"
#include "harness/measure/control.h"
#include "harness/support/cut_text.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr size_t kColumns = 100;
constexpr const char* kNone = "—";

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

struct Columns {
  std::string variant, fast, file, ttft, step, wait, delta_ms, delta_nats, exact;
};

std::string Line(const Columns& c, size_t name_width) {
  return Format("{:<{}} {:>6} {:>6} {:>5} {:>11} {:>6} {:>14} {:>14} {:>3}\n", c.variant, name_width, c.fast,
                c.file, c.ttft, c.step, c.wait, c.delta_ms, c.delta_nats, c.exact);
}

// A row of /tables/comparisons about step_ns; without one, nothing was measured.
Interval StepStatistic(const Record& record, const std::string& variant, std::string_view statistic) {
  for (const ComparisonRow& row : record.comparisons) {
    if (row.variant == variant && row.metric == "step_ns" && row.statistic == statistic) {
      return {row.value, row.low, row.high};
    }
  }
  return {kNotMeasured, kNotMeasured, kNotMeasured};
}

Columns ColumnsOf(const Record& record, const VariantRow& variant) {
  std::vector<double> ttft, wait_ns;
  for (const auto& rep : record.reps) {
    if (rep.variant == variant.variant) ttft.push_back(static_cast<double>(rep.ttft_ns));
  }
  for (const auto& step : record.steps) {
    if (step.variant == variant.variant) wait_ns.push_back(static_cast<double>(step.ple_wait_ns));
  }
  const auto level = [&](std::string_view statistic) {
    return Milliseconds(StepStatistic(record, variant.variant, statistic).value);
  };
  Columns c{variant.variant,
            Megabytes(variant.fast_bytes),
            Megabytes(variant.file_bytes),
            Milliseconds(Quantile(ttft, 0.5)),
            level("mean") + "/" + level("p99"),
            Milliseconds(Mean(wait_ns)),
            kNone,
            kNone,
            variant.exact ? "yes" : "no"};
  if (variant.variant == variant.baseline) {
    c.delta_ms = c.delta_nats = "baseline";
  } else if (!variant.baseline.empty() && !wait_ns.empty()) {
    const Interval delta = StepStatistic(record, variant.variant, "mean_difference");
    c.delta_ms = Signed({delta.value * 1e-6, delta.low * 1e-6, delta.high * 1e-6}, 3);
    const Interval nats = AccuracyOf(record, variant.variant, "delta_nats");
    const bool zero = nats.value == 0 && nats.low == 0 && nats.high == 0;
    c.delta_nats = zero ? "0" : Signed(nats, 3);
  }
  return c;
}

std::string ColdText(const Record& record) {
  std::set<std::string> states, guest, device;
  for (const auto& rep : record.reps) {
    states.insert(rep.page_cache);
    if (rep.guest_cold != "not_asked") guest.insert(rep.guest_cold);
    if (rep.device_cold != "not_asked") device.insert(rep.device_cold);
  }
  if (states.empty()) return "not measured";
  const auto text = [](const std::set<std::string>& words) {
    return words.empty() ? std::string("not asked") : Join(words, ", ");
  };
  return Format("{}; guest cold: {}; device cold: {}", Join(states, ", "), text(guest), text(device));
}

std::string Header(const Record& record) {
  double low = kNotMeasured, high = kNotMeasured;
  for (const auto& rep : record.reps) {
    low = std::fmin(low, std::fmin(rep.bandwidth_before, rep.bandwidth_after));
    high = std::fmax(high, std::fmax(rep.bandwidth_before, rep.bandwidth_after));
  }
  const std::string trend = ReadTrendText(record.comparisons);
  return Format(
      "weights {} · {} · {} threads · decode {} · isolate {}\npage cache {}\nread bandwidth {}–{} GB/s "
      "during the run\n{}",
      MetaValue(record.meta, "weights", "unknown"), MetaValue(record.meta, "dtype", "unknown"),
      MetaValue(record.meta, "threads", "unknown"), MetaValue(record.meta, "decode", "unknown"),
      MetaValue(record.meta, "isolate", "unknown"), ColdText(record), Number(low, 0), Number(high, 0),
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

std::string CarryOverText(const ComparisonRow& row) {
  if (row.p_corrected < kControlLevel) {
    return Format("{} is {:+.0f} µs off its mean behind another (p {:.2g})", row.variant, row.value * 1e-3,
                  row.p_corrected);
  }
  return Format("no carry-over (p {:.2g})", row.p_corrected);
}

// What the run's own controls say, a line for each; it stands before all times.
std::string ControlLines(const Record& record) {
  std::string text;
  for (const VariantRow& variant : record.variants) {
    if (!IsControl(variant)) continue;
    const ComparisonRow* twin = ControlRow(record, variant.baseline, "mean_difference");
    const ComparisonRow* carry = ControlRow(record, variant.baseline, "carry_over");
    if (twin == nullptr || carry == nullptr) continue;
    if (std::min(twin->p_corrected, carry->p_corrected) < kControlLevel) {
      text += Format("CONTROL FAILED: no comparison with {} counts\n", variant.baseline);
    }
    text +=
        Format("control: {}'s twin {}; {}\n", variant.baseline, Microseconds(*twin), CarryOverText(*carry));
  }
  return text.empty() ? "control: none\n" : text;
}

}  // namespace

std::string SummaryTable(const Record& record) {
  const size_t rest = Line({}, 0).size() - 1;
  size_t name_width = 7;
  for (const auto& v : record.variants) name_width = std::max(name_width, v.variant.size());
  name_width = std::min(name_width, kColumns - rest);
  std::string text = ControlLines(record) + Header(record);
  text += Line(
      {"variant", "MB RAM", "MB dsk", "TTFT", "mean/p99 ms", "wait", "Δ ms [95 %]", "Δ nats [95 %]", "bit"},
      name_width);
  for (const auto& variant : record.variants) {
    if (IsControl(variant)) continue;
    Columns c = ColumnsOf(record, variant);
    c.variant = CutInMiddle(c.variant, name_width);
    if (variant.status == "done") {
      text += Line(c, name_width);
    } else {
      const std::string error = Format("{:<{}} {}: {}", c.variant, name_width, variant.status, variant.error);
      text += CutAtEnd(error, kColumns) + "\n";
    }
  }
  return text;
}

}  // namespace plelab
