// What do text, images, audio and a mix of them take? The common run, with a table by kind of input.

#include <algorithm>
#include <vector>

#include "experiments/questions/experiment.h"
#include "harness/run/estimate.h"
#include "harness/support/statistics.h"
#include "harness/support/units.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr const char* kNoValue = "—";

std::string Milliseconds(const std::vector<double>& ns) {
  return ns.empty() ? kNoValue : Format("{:.1f}", Quantile(ns, 0.5) * 1e-6);
}

std::vector<double> CurveValues(const Record& record, const std::string& curve, const std::string& variant,
                                const std::string& label) {
  std::vector<double> values;
  for (const Curve& c : record.curves) {
    if (c.name != curve) continue;
    for (const CurveRow& row : c.rows) {
      if (row.series == variant && row.label == label) values.push_back(row.y);
    }
  }
  return values;
}

// The maximum over phases and repetitions, as text for the table.
std::string Bytes(const Record& record, const std::string& variant, const std::string& counter) {
  double most = -1;
  for (const MemoryRow& row : record.memory) {
    if (row.variant == variant && row.counter == counter) most = std::max(most, row.bytes);
  }
  return most < 0 ? kNoValue : ReadableBytes(static_cast<int64_t>(most));
}

std::string Line(const Record& record, const VariantRow& variant, size_t width) {
  if (variant.status != "done") {
    return Format("{:<{}} {}: {}\n", variant.variant, width, variant.status, variant.error);
  }
  std::vector<double> ttft, prefill;
  for (const RepRow& rep : record.reps) {
    if (rep.variant != variant.variant) continue;
    ttft.push_back(static_cast<double>(rep.ttft_ns));
    prefill.push_back(static_cast<double>(rep.prefill_ns));
  }
  return Format("{:<{}} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n", variant.variant, width,
                Milliseconds(CurveValues(record, "encode", variant.variant, "vision")),
                Milliseconds(CurveValues(record, "encode", variant.variant, "audio")), Milliseconds(prefill),
                Milliseconds(ttft), Bytes(record, variant.variant, "vision"),
                Bytes(record, variant.variant, "audio"), Bytes(record, variant.variant, "peak_rss"));
}

std::string ModalitiesSummary(const ExperimentConfig&, const RunResult& result) {
  const Record& record = result.record;
  size_t width = 7;
  for (const VariantRow& variant : record.variants) width = std::max(width, variant.variant.size());
  std::string text = Format(
      "weights {} · {} · {} threads · medians over repetitions, ms; weights that were loaded; peak RSS of a "
      "process of its own\n",
      MetaValue(record.meta, "weights", "unknown"), MetaValue(record.meta, "dtype", "unknown"),
      MetaValue(record.meta, "threads", "unknown"));
  text += Format("{:<{}} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "variant", width, "enc image",
                 "enc audio", "prefill", "TTFT", "vision", "audio", "peak RSS");
  for (const VariantRow& variant : record.variants) text += Line(record, variant, width);
  return text;
}

}  // namespace

Experiment Modalities() { return {Run, EstimateOf, ModalitiesSummary}; }

}  // namespace plelab
