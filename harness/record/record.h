// What a run records: one struct per table of the result file (results/README.md), with each field listed
// once.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/record/table.h"
#include "harness/support/statistics.h"

namespace plelab {

// Marks a value that cannot be read on this machine.  Values are never invented.
inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
// The same in a column of whole numbers.
inline constexpr int64_t kBytesUnknown = -1;

// Each struct has `template <class V> static void VisitFields(V&& visit)`, which calls visit("column",
// &Row::member, "unit").  The recorder, the reader and the validator all walk it.

struct VariantRow {
  std::string variant, strategy, options_json, status = "done", error;  // status: done, failed, skipped
  // The variant that this one is compared with: the first exact one with the same model and workload.
  std::string baseline;
  std::string group;  // those that take turns with each other; "" where nothing is timed
  int64_t exact = 0;
  int64_t helper_threads = 0;  // threads of the source, beside those of the model
  int64_t fast_bytes = 0;      // PLE rows that the source can hold in RAM
  int64_t file_bytes = 0;      // PLE bytes that stay on storage
  int64_t table_bytes = 0;     // the whole table in the form that the transform gives it
  template <class V>
  static void VisitFields(V&& v) {
    v("variant", &VariantRow::variant, "");
    v("strategy", &VariantRow::strategy, "");
    v("options", &VariantRow::options_json, "JSON");
    v("baseline", &VariantRow::baseline, "");
    v("group", &VariantRow::group, "", Since{2});
    v("helper_threads", &VariantRow::helper_threads, "", Since{2});
    v("exact", &VariantRow::exact, "bool");
    v("status", &VariantRow::status, "");
    v("error", &VariantRow::error, "");
    v("fast_bytes", &VariantRow::fast_bytes, "bytes");
    v("file_bytes", &VariantRow::file_bytes, "bytes");
    v("table_bytes", &VariantRow::table_bytes, "bytes");
  }
};

struct RepRow {
  std::string variant;
  int64_t rep = 0, order = 0, started_unix_ns = 0;
  int64_t load_ns = 0, ttft_ns = 0, prefill_ns = 0, prefill_ple_wait_ns = 0;
  // GB/s of the run's own read loop.
  double bandwidth_before = kNotMeasured, bandwidth_after = kNotMeasured;
  double cpu_mhz = kNotMeasured, temperature_c = kNotMeasured;
  int64_t steal_ns = 0, major_faults = 0;
  double psi_memory_us = kNotMeasured, psi_io_us = kNotMeasured, energy_j = kNotMeasured;
  std::string cache_start;  // of the PLE cache: empty, warmed, static, none
  std::string page_cache;   // the state that was set: cold, warm, evict_each_step, …
  // Median of the repetition's reads of the table with O_DIRECT, and of bytes that were never read.
  double direct_ns = kNotMeasured, unread_ns = kNotMeasured;
  std::string guest_cold;                  // yes, no, not_asked
  std::string device_cold;                 // yes, no, unknown, not_asked
  double read_ahead_bytes = kNotMeasured;  // of the device of the file that was read
  int64_t process = 0;                     // which of the run's processes timed it, from 0
  int64_t excerpt = 0;                     // where its stretch of the text begins, in tokens
  int64_t wall_ns = 0;                     // from the first prompt to the last step
  double cpu_pressure_us = kNotMeasured;
  int64_t involuntary_switches = 0;
  int64_t unsettled_steps = 0;
  std::string flag;           // why its times are suspect; ""
  std::string output_sha256;  // over the hashes of the logits of all steps
  int64_t valid_steps = 0;
  template <class V>
  static void VisitFields(V&& v) {
    v("variant", &RepRow::variant, "");
    v("rep", &RepRow::rep, "");
    v("order", &RepRow::order, "");
    v("started_unix_ns", &RepRow::started_unix_ns, "ns");
    v("load_ns", &RepRow::load_ns, "ns");
    v("ttft_ns", &RepRow::ttft_ns, "ns");
    v("prefill_ns", &RepRow::prefill_ns, "ns");
    v("prefill_ple_wait_ns", &RepRow::prefill_ple_wait_ns, "ns");
    v("bandwidth_before", &RepRow::bandwidth_before, "GB/s");
    v("bandwidth_after", &RepRow::bandwidth_after, "GB/s");
    v("cpu_mhz", &RepRow::cpu_mhz, "MHz");
    v("temperature_c", &RepRow::temperature_c, "degC");
    v("steal_ns", &RepRow::steal_ns, "ns");
    v("psi_memory_us", &RepRow::psi_memory_us, "us");
    v("psi_io_us", &RepRow::psi_io_us, "us");
    v("major_faults", &RepRow::major_faults, "");
    v("energy_j", &RepRow::energy_j, "J");
    v("cache_start", &RepRow::cache_start, "");
    v("page_cache", &RepRow::page_cache, "");
    v("direct_ns", &RepRow::direct_ns, "ns", Since{2});
    v("unread_ns", &RepRow::unread_ns, "ns", Since{2});
    v("guest_cold", &RepRow::guest_cold, "", Since{2});
    v("device_cold", &RepRow::device_cold, "", Since{2});
    v("read_ahead_bytes", &RepRow::read_ahead_bytes, "bytes", Since{2});
    v("process", &RepRow::process, "", Since{2});
    v("excerpt", &RepRow::excerpt, "tokens", Since{2});
    v("wall_ns", &RepRow::wall_ns, "ns", Since{2});
    v("cpu_pressure_us", &RepRow::cpu_pressure_us, "us", Since{2});
    v("involuntary_switches", &RepRow::involuntary_switches, "", Since{2});
    v("unsettled_steps", &RepRow::unsettled_steps, "", Since{2});
    v("flag", &RepRow::flag, "", Since{2});
    v("output_sha256", &RepRow::output_sha256, "");
    v("valid_steps", &RepRow::valid_steps, "");
  }
};

struct StepRow {
  std::string variant;
  std::string predecessor;  // the variant whose prompt or step ran before this one in the same process
  int64_t rep = 0, step = 0, token_id = 0, step_ns = 0, ple_wait_ns = 0, ple_hidden_ns = 0;
  int64_t ple_read_ns = 0;  // spent in reads, in any thread
  int64_t held_bytes = 0;   // rows that the source holds in RAM after the step
  int64_t lookups = 0, hits = 0, misses = 0, read_calls = 0, bytes_asked = 0, bytes_moved = 0, step_bytes = 0;
  template <class V>
  static void VisitFields(V&& v) {
    v("variant", &StepRow::variant, "");
    v("rep", &StepRow::rep, "");
    v("step", &StepRow::step, "");
    v("predecessor", &StepRow::predecessor, "", Since{2});
    v("token_id", &StepRow::token_id, "");
    v("step_ns", &StepRow::step_ns, "ns");
    v("ple_wait_ns", &StepRow::ple_wait_ns, "ns");
    v("ple_hidden_ns", &StepRow::ple_hidden_ns, "ns");
    v("ple_read_ns", &StepRow::ple_read_ns, "ns", Since{2});
    v("held_bytes", &StepRow::held_bytes, "bytes", Since{2});
    v("lookups", &StepRow::lookups, "");
    v("hits", &StepRow::hits, "");
    v("misses", &StepRow::misses, "");
    v("read_calls", &StepRow::read_calls, "");
    v("bytes_asked", &StepRow::bytes_asked, "bytes");
    v("bytes_moved", &StepRow::bytes_moved, "bytes");
    v("step_bytes", &StepRow::step_bytes, "bytes");
  }
};

// The part that StepPart does not name: the time of the model's thread in the source of rows, and the bytes
// of the rows.
inline constexpr char kRowsPart[] = "rows";

// One part of the observed steps of a repetition (model/text/decode/step_part.h, or kRowsPart).
struct StepPartRow {
  std::string variant, part;
  int64_t rep = 0;
  int64_t steps = 0;       // how many were observed
  int64_t time_ns = 0;     // their median
  int64_t step_bytes = 0;  // that the part must read in a step
  template <class V>
  static void VisitFields(V&& v) {
    v("variant", &StepPartRow::variant, "");
    v("rep", &StepPartRow::rep, "");
    v("part", &StepPartRow::part, "");
    v("steps", &StepPartRow::steps, "");
    v("time_ns", &StepPartRow::time_ns, "ns");
    v("step_bytes", &StepPartRow::step_bytes, "bytes");
  }
};

struct MemoryRow {
  // phase is loaded, prefill or decode. counter is anonymous, file_backed, peak_rss, pss, cgroup_peak,
  // ple_page_cache, kv_cache, device, or one of the bytes by kind: ple_fast, token_embedding, text_stack,
  // vision, audio (towers with their embedders, 0 while not loaded).
  std::string variant, phase, counter;
  int64_t rep = 0;
  double bytes = kNotMeasured;
  template <class V>
  static void VisitFields(V&& v) {
    v("variant", &MemoryRow::variant, "");
    v("rep", &MemoryRow::rep, "");
    v("phase", &MemoryRow::phase, "");
    v("counter", &MemoryRow::counter, "");
    v("bytes", &MemoryRow::bytes, "bytes");
  }
};

struct AccuracyRow {
  // metric is nats_per_token, bits_per_byte, top1_agreement, kl_to_resident, delta_nats or perplexity.
  std::string variant, task, metric;
  double value = kNotMeasured, low = kNotMeasured, high = kNotMeasured;  // 95 % block bootstrap
  int64_t n = 0;
  template <class V>
  static void VisitFields(V&& v) {
    v("variant", &AccuracyRow::variant, "");
    v("task", &AccuracyRow::task, "");
    v("metric", &AccuracyRow::metric, "");
    v("value", &AccuracyRow::value, "by metric");
    v("low", &AccuracyRow::low, "by metric");
    v("high", &AccuracyRow::high, "by metric");
    v("n", &AccuracyRow::n, "tokens");
  }
};

struct TokenRow {
  std::string variant;
  int64_t document = 0, position = 0, token_id = 0;
  double nats = kNotMeasured, kl = kNotMeasured;
  template <class V>
  static void VisitFields(V&& v) {
    v("variant", &TokenRow::variant, "");
    v("document", &TokenRow::document, "");
    v("position", &TokenRow::position, "");
    v("token_id", &TokenRow::token_id, "");
    v("nats", &TokenRow::nats, "nats");
    v("kl", &TokenRow::kl, "nats");
  }
};

// A table under /curves that belongs to one experiment, with numbers and labels in each row.
struct CurveRow {
  std::string series, label;
  double x = kNotMeasured, y = kNotMeasured, low = kNotMeasured, high = kNotMeasured;
  template <class V>
  static void VisitFields(V&& v) {
    v("series", &CurveRow::series, "");
    v("label", &CurveRow::label, "");
    v("x", &CurveRow::x, "by curve");
    v("y", &CurveRow::y, "by curve");
    v("low", &CurveRow::low, "by curve");
    v("high", &CurveRow::high, "by curve");
  }
};

// What the PLE branch of one list position adds to the streams (ple_contribution).
struct ContributionRow {
  std::string variant;  // whose streams were observed
  int64_t layer = 0;    // position in the layer list
  // relative_norm, cosine, row_to_projection, share_layer, share_token, share_context, predicted_by_layer or
  // predicted_by_token.
  std::string metric;
  std::string bucket;  // all, or how often the tokens' ids occur in the text, such as 8-40
  double value = kNotMeasured, low = kNotMeasured, high = kNotMeasured;  // 95 % block bootstrap
  int64_t n = 0;
  template <class V>
  static void VisitFields(V&& v) {
    v("variant", &ContributionRow::variant, "");
    v("layer", &ContributionRow::layer, "");
    v("metric", &ContributionRow::metric, "");
    v("bucket", &ContributionRow::bucket, "occurrences");
    v("value", &ContributionRow::value, "by metric");
    v("low", &ContributionRow::low, "by metric");
    v("high", &ContributionRow::high, "by metric");
    v("n", &ContributionRow::n, "tokens");
  }
};

// The name of the twin of a baseline is the baseline's with this at its end.
inline constexpr char kControlSuffix[] = "@control";
inline bool IsControl(const VariantRow& row) {
  return !row.baseline.empty() && row.variant == row.baseline + kControlSuffix;
}

// One statistic of one variant in one metric, as results/README.md lists them:
// harness/comparison/comparison.h.
struct ComparisonRow {
  std::string metric, variant, baseline;
  // mean, median, p95, p99: of the variant itself.  mean_difference, direct_difference, median_difference,
  // p99_difference, ratio, tail_share: against the baseline.  carry_over: of the whole group.  read_trend: of
  // the variant's reads.
  std::string statistic;
  double value = kNotMeasured, low = kNotMeasured, high = kNotMeasured;  // 95 %
  int64_t reps = 0, steps = 0;
  double margin = kNotMeasured;  // in the unit of `value`
  std::string verdict;           // pass, fail, undecided; "" where there is no margin
  int64_t control = 0;           // 1: a test of the design, not of a variant
  double p = kNotMeasured, p_corrected = kNotMeasured;
  template <class V>
  static void VisitFields(V&& v) {
    v("metric", &ComparisonRow::metric, "");
    v("variant", &ComparisonRow::variant, "");
    v("baseline", &ComparisonRow::baseline, "");
    v("statistic", &ComparisonRow::statistic, "");
    v("value", &ComparisonRow::value, "by statistic");
    v("low", &ComparisonRow::low, "by statistic");
    v("high", &ComparisonRow::high, "by statistic");
    v("reps", &ComparisonRow::reps, "");
    v("steps", &ComparisonRow::steps, "");
    v("margin", &ComparisonRow::margin, "by statistic");
    v("verdict", &ComparisonRow::verdict, "");
    v("control", &ComparisonRow::control, "bool");
    v("p", &ComparisonRow::p, "");
    v("p_corrected", &ComparisonRow::p_corrected, "");
  }
};

// One point of a training run: means over the steps since the previous point.
struct TrainingRow {
  int64_t step = 0, tokens = 0;  // done so far
  double loss = kNotMeasured, lr = kNotMeasured, tokens_per_s = kNotMeasured;
  template <class V>
  static void VisitFields(V&& v) {
    v("step", &TrainingRow::step, "");
    v("tokens", &TrainingRow::tokens, "");
    v("loss", &TrainingRow::loss, "nats per token");
    v("lr", &TrainingRow::lr, "");
    v("tokens_per_s", &TrainingRow::tokens_per_s, "1/s");
  }
};

struct TrainingRun {
  std::string name;  // /training/ARM_SEED
  std::vector<TrainingRow> rows;
};

struct Curve {
  std::string name;  // /curves/NAME
  std::string x_unit, y_unit;
  std::vector<CurveRow> rows;
};

// Everything that was recorded.  A part file holds a Record for one (variant, rep) or one phase.
struct Record {
  std::vector<std::pair<std::string, std::string>> meta;  // /meta attributes (of the merged file)
  std::vector<VariantRow> variants;
  std::vector<RepRow> reps;
  std::vector<StepRow> steps;
  std::vector<StepPartRow> step_parts;  // /tables/step_parts, if there are any
  std::vector<ComparisonRow> comparisons;
  std::vector<MemoryRow> memory;
  std::vector<AccuracyRow> accuracy;
  std::vector<TokenRow> tokens;
  std::vector<Curve> curves;
  std::vector<ContributionRow> contribution;  // /curves/ple_contribution, if there is any
  std::vector<TrainingRun> training;
};

// The value of a /meta attribute, or `missing` when there is none.
inline std::string MetaValue(const std::vector<std::pair<std::string, std::string>>& meta,
                             std::string_view name, std::string_view missing = "") {
  for (const auto& [key, value] : meta) {
    if (key == name) return value;
  }
  return std::string(missing);
}

// The row of a variant that finished; nullptr where there is none.
inline const VariantRow* FindDone(const Record& record, std::string_view name) {
  for (const VariantRow& row : record.variants) {
    if (row.variant == name && row.status == "done") return &row;
  }
  return nullptr;
}

// What a variant reached in a metric; nullptr where no row says.
inline const AccuracyRow* FindAccuracy(const Record& record, std::string_view variant,
                                       std::string_view metric) {
  for (const AccuracyRow& row : record.accuracy) {
    if (row.variant == variant && row.metric == metric) return &row;
  }
  return nullptr;
}
// The same with its interval, kNotMeasured where no row says.
inline Interval AccuracyOf(const Record& record, std::string_view variant, std::string_view metric) {
  const AccuracyRow* row = FindAccuracy(record, variant, metric);
  if (row == nullptr) return {kNotMeasured, kNotMeasured, kNotMeasured};
  return {row->value, row->low, row->high};
}

}  // namespace plelab
