// Why is it not like offloading MLP weights? Counts from the shape what one token must read if its PLE row,
// the FFN weights or all weights stay on storage, and measures how long reads of that many bytes take here.
#include <algorithm>
#include <map>

#include "experiments/questions/experiment.h"
#include "harness/machine/environment.h"
#include "harness/machine/host_facts.h"
#include "harness/measure/read_timing.h"
#include "harness/measure/scratch_file.h"
#include "harness/measure/token_reads.h"
#include "harness/run/run_checks.h"
#include "harness/run/run_identity.h"
#include "harness/run/run_output.h"
#include "harness/statistics/tail.h"
#include "harness/statistics/trend.h"
#include "harness/support/progress.h"
#include "harness/support/statistics.h"
#include "harness/support/units.h"
#include "model/base/format.h"

namespace plelab {
namespace {

// Tokens that are resampled together, because the device's speed drifts and neighbours share it.
constexpr int64_t kReadBlock = 32;

// One row of the result: what a token reads for a shape, and how long that takes.
struct Case {
  std::string shape;
  TokenReads reads;
  int64_t tokens_per_round = 1;
  std::vector<std::vector<double>> ms;  // [rounds][tokens_per_round]
  double bytes_moved = 0;               // NaN where the kernel does not tell

  int64_t tokens() const { return std::ssize(ms) * tokens_per_round; }
};

std::vector<Case> CasesOf(const ExperimentConfig& config) {
  std::vector<Case> cases;
  for (const std::string& shape : config.shapes) {
    for (TokenReads& reads : ReadsOfToken(ConfigOfShape(shape))) {
      const int64_t tokens = reads.count() == 1 ? config.offload.row_tokens : 1;
      cases.push_back({.shape = shape, .reads = std::move(reads), .tokens_per_round = tokens, .ms = {}});
    }
  }
  return cases;
}

int64_t BytesOfRound(const std::vector<Case>& cases) {
  int64_t bytes = 0;
  for (const Case& c : cases) bytes += c.reads.bytes() * c.tokens_per_round;
  return bytes;
}

void MeasureOneRound(Case& c, ScratchFile& scratch, ReadTimer& timer) {
  std::vector<double>& ms = c.ms.emplace_back();
  for (int64_t token = 0; token < c.tokens_per_round; ++token) {
    if (!scratch.direct()) scratch.Evict();
    const TokenTime time = timer.TimeToken(c.reads);
    ms.push_back(static_cast<double>(time.ns) * 1e-6);
    c.bytes_moved += time.bytes_moved == kBytesUnknown ? kNotMeasured : static_cast<double>(time.bytes_moved);
  }
}

// All cases take turns in each round, so that changes in the device's speed affect them alike.
void Measure(std::vector<Case>& cases, const OffloadSection& section, ScratchFile& scratch) {
  ReadTimer timer(scratch.file(), section.readers, static_cast<uint64_t>(section.seed));
  Progress bar("reading", section.rounds * BytesOfRound(cases));
  int64_t done = 0;
  for (int64_t round = 0; round < section.rounds; ++round) {
    for (Case& c : cases) {
      MeasureOneRound(c, scratch, timer);
      done += c.reads.bytes() * c.tokens_per_round;
      bar.Update(done, Format("round {} of {}, {} {}", round + 1, section.rounds, c.shape, c.reads.what));
    }
  }
  bar.Finish();
}

CurveRow RowOf(const Case& c, double x, double y) {
  CurveRow row;
  row.series = c.shape;
  row.label = c.reads.what;
  row.x = x;
  row.y = y;
  return row;
}

std::vector<Curve> CurvesOf(const std::vector<Case>& cases, const OffloadSection& section) {
  Curve times{"offload_vs_mlp", "bytes", "ms", {}}, reads{"offload_reads", "reads", "bytes", {}},
      samples{"offload_samples", "round", "ms", {}};
  for (const Case& c : cases) {
    const Interval ms =
        PairedBootstrapMean(c.ms, kReadBlock, section.bootstrap, static_cast<uint64_t>(section.seed));
    CurveRow& row = times.rows.emplace_back(RowOf(c, static_cast<double>(c.reads.bytes()), ms.value));
    row.low = ms.low;
    row.high = ms.high;
    reads.rows.push_back(
        RowOf(c, static_cast<double>(c.reads.count()), c.bytes_moved / static_cast<double>(c.tokens())));
    for (size_t round = 0; round < c.ms.size(); ++round) {
      for (const double sample : c.ms[round])
        samples.rows.push_back(RowOf(c, static_cast<double>(round), sample));
    }
  }
  return {times, reads, samples};
}

std::string HowRead(const ScratchFile& scratch, int64_t cached_before) {
  return Format("{}; of {} bytes the page cache held {} before and {} after (mincore)",
                scratch.direct() ? "O_DIRECT, past the page cache" : "pread, evicted before each token",
                scratch.file().size_bytes(), cached_before, scratch.cached_bytes());
}

RunResult MeasureAndWrite(const ExperimentConfig& config, const RunOptions& options) {
  CheckBuild(options.allow_debug);
  const RunOutput output(config, options);
  RunResult result;
  result.path = output.path();
  std::vector<Case> cases = CasesOf(config);
  const OffloadSection& section = config.offload;
  result.record.meta = DescribeExperiment(config, options, section.scratch_folder);
  ScratchFile scratch(section.scratch_folder, section.scratch.bytes, static_cast<uint64_t>(section.seed));
  const int64_t cached_before = scratch.cached_bytes();
  Measure(cases, section, scratch);
  const auto add = [&](const char* key, const std::string& value) {
    result.record.meta.emplace_back(key, value);
  };
  add("weights", "none");
  add("page_cache", HowRead(scratch, cached_before));
  add("measured_with",
      BuildMayMeasure() ? "a release build" : "a debug build (--allow-debug): no time in here counts");
  result.record.curves = CurvesOf(cases, section);
  output.Write(result.record);
  return result;
}

std::string OffloadEstimate(const ExperimentConfig& config) {
  const std::vector<Case> cases = CasesOf(config);
  return Format(
      "{}: writes {} to {} and removes it; then {} rounds that read {} each, {} in all: minutes, by the "
      "storage's bandwidth\n",
      config.name, ReadableBytes(config.offload.scratch.bytes), config.offload.scratch_folder,
      config.offload.rounds, ReadableBytes(BytesOfRound(cases)),
      ReadableBytes(config.offload.rounds * BytesOfRound(cases)));
}

std::vector<double> SamplesOf(const Curve& samples, const CurveRow& of) {
  std::vector<double> ms;
  for (const CurveRow& row : samples.rows) {
    if (row.series == of.series && row.label == of.label) ms.push_back(row.y);
  }
  return ms;
}

// The medians of the rounds of one case, in their order, as a trend over the rounds.
std::string TrendLine(const Curve& samples, const CurveRow& of) {
  std::map<double, std::vector<double>> rounds;
  for (const CurveRow& row : samples.rows) {
    if (row.series == of.series && row.label == of.label) rounds[row.x].push_back(row.y);
  }
  std::vector<double> round, ms;
  for (const auto& [number, of_round] : rounds) {
    round.push_back(number);
    ms.push_back(Quantile(of_round, 0.5));
  }
  const Trend trend = TrendOf(round, ms);
  if (!(trend.p < kTrendLevel)) return "";
  return Format("{} {}: reads get {} from round to round, {:+.2g} ms each (p {:.2g}): {}\n", of.series,
                of.label, trend.slope < 0 ? "faster" : "slower", trend.slope, trend.p,
                trend.slope < 0 ? "a cache below this system may hold the scratch file"
                                : "the device was not left alone");
}

// Three decimal places for values where they matter.
std::string Short(double value) { return value < 10 ? Format("{:.3f}", value) : Format("{:.1f}", value); }

std::string SummaryLine(const CurveRow& time, const CurveRow& reads, const std::vector<double>& ms) {
  const std::string p99 = std::ssize(ms) >= kStepsForP99 ? Short(Quantile(ms, 0.99)) : std::string("—");
  return Format("{:<6} {:<12} {:>13.0f} {:>7.0f} {:>24} {:>8} {:>6} {:>10}\n", time.series, time.label,
                time.x, reads.x, Format("{} [{}, {}]", Short(time.y), Short(time.low), Short(time.high)),
                Short(Quantile(ms, 0.5)), p99, Short(1000 / time.y));
}

std::string OffloadSummary(const ExperimentConfig& config, const RunResult& result) {
  const auto& curves = result.record.curves;
  std::string text =
      Format("{} · {}\n{} · up to {} reads at once\n", MetaValue(result.record.meta, "storage"),
             MetaValue(result.record.meta, "filesystem"), MetaValue(result.record.meta, "page_cache"),
             config.offload.readers);
  text += Format("{:<6} {:<12} {:>13} {:>7} {:>24} {:>8} {:>6} {:>10}\n", "shape", "on storage",
                 "bytes a token", "ranges", "ms a token [95 %]", "p50", "p99", "tokens/s ≤");
  for (size_t i = 0; i < curves.at(0).rows.size(); ++i) {
    const CurveRow& time = curves.at(0).rows[i];
    text += SummaryLine(time, curves.at(1).rows.at(i), SamplesOf(curves.at(2), time));
  }
  for (const CurveRow& time : curves.at(0).rows) text += TrendLine(curves.at(2), time);
  return text;
}

}  // namespace

Experiment OffloadVsMlp() { return {MeasureAndWrite, OffloadEstimate, OffloadSummary}; }

}  // namespace plelab
