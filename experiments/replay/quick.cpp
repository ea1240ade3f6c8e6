#include "experiments/replay/quick.h"

#include <algorithm>
#include <array>
#include <iostream>

#include "experiments/replay/device_seam.h"
#include "experiments/replay/measure/host.h"
#include "experiments/replay/measure/replayed_step.h"
#include "experiments/replay/quick_report.h"
#include "experiments/replay/tables/random_file.h"
#include "harness/machine/host_facts.h"
#include "harness/support/progress.h"
#include "harness/support/timer.h"
#include "model/io/uring_file.h"
#include "model/ple/replay/token_ids.h"

namespace plelab {
namespace {

// What the minute is spent on, in seconds.
constexpr double kWriteSeconds = 14, kCostSeconds = 1.5, kWholeSeconds = 50, kLeastSweepSeconds = 18,
                 kCalibrateMore = 1.2;
constexpr std::string_view kQuickSize = "2GB";
constexpr std::string_view kShippedTrace = "configs/traces/northanger_abbey_gemma.json";
constexpr int64_t kManyRows = 32;
constexpr std::array kStepsMs = {0.5, 1.0, 2.0, 5.0, 10.0, 20.0};
constexpr std::array kCacheBytes = {int64_t{16} << 20, int64_t{64} << 20, int64_t{256} << 20};
constexpr int64_t kQuickReps = 5, kQuickWarmup = 3, kMostQuickSteps = 300;

class QuickRun {
 public:
  QuickRun(const ReplayOptions& options, ReplayLines& lines) : options_(options), lines_(lines) {
    options_.ple = "";
    if (options_.size.empty()) options_.size = kQuickSize;
    if (options_.trace.empty()) options_.trace = kShippedTrace;
    open_ = OpenerForDevice(options_.device, options_.seed);
  }

  void Run() {
    MakeTable();
    MeasureCosts();
    CountHits();
    ChooseSource();
    AddReplayMeta(lines_, options_, table_);
    ReplaySteps();
    Tell();
  }

 private:
  void MakeTable() {
    Progress progress("writing random rows", 0);
    table_ = TableOfGeometry(options_, GeometryNamed("gemma3n_e2b"), kWriteSeconds,
                             [&](int64_t bytes, int64_t) { progress.Update(bytes); });
    progress.Finish();
    report_.table = table_.Describe();
    report_.row_bytes = table_.table.row_bytes();
    report_.layers = table_.geometry.model_layers;
    report_.margin_percent = options_.margin_percent;
  }

  void MeasureCosts() {
    if (!options_.device.empty()) {
      KeepInPageCache(table_.table, AvailableMemoryBytes());
      MeasureCost(IoBackend::kPread, RowState::kModelled);
      return;
    }
    MeasureCost(IoBackend::kPread, RowState::kCold);
    MeasureCost(IoBackend::kPread, RowState::kWarm);
    MeasureCost(IoBackend::kDirect, RowState::kCold);  // passes by the page cache, as the next one does
    MeasureCost(IoBackend::kUring, RowState::kCold);
  }

  void MeasureCost(IoBackend backend, RowState state) {
    for (const int64_t depth : {int64_t{1}, kManyRows}) {
      const RowCost cost = MeasureRowCost({.table = table_.table,
                                           .backend = backend,
                                           .state = state,
                                           .depth = depth,
                                           .most_seconds = kCostSeconds,
                                           .seed = static_cast<uint64_t>(options_.seed),
                                           .open = open_});
      lines_.Add(cost, report_.row_bytes);
      report_.costs.push_back(cost);
    }
  }

  // Without a trace there is neither a hit to count nor an order of rows: the steps then read random rows.
  void CountHits() {
    try {
      text_ = ReadTokenIds(options_.trace, kAnyVocabulary);
    } catch (const UserError& error) {
      report_.hits_skipped = error.what();
      FillText();
      return;
    }
    report_.hits = CountCacheHits(text_, report_.row_bytes, kCacheBytes);
    for (const CacheHits& hits : report_.hits) lines_.Add(hits);
  }
  void FillText() {
    options_.trace = "random ids";
    std::vector<uint64_t> words(16'384);
    FillRandom(static_cast<uint64_t>(options_.seed), 0, std::as_writable_bytes(std::span(words)));
    for (const uint64_t word : words) text_.push_back(static_cast<int64_t>(word % (uint64_t{1} << 18)));
  }

  // The backend that passes by the page cache with the fewest threads; with a modelled device the only one
  // that was measured.
  void ChooseSource() {
    const auto measured = [&](std::string_view backend) {
      return std::ranges::any_of(report_.costs,
                                 [&](const RowCost& c) { return c.backend == backend && c.skipped.empty(); });
    };
    const std::string_view backend = measured("io_uring") ? "io_uring"
                                     : measured("direct") ? "direct"
                                                          : "pread";
    options_.ple = Format("disk,backend={}", backend);
    report_.rows_from = options_.ple;
    if (BaselineIsResident(options_, table_.table.stored_bytes(), AvailableMemoryBytes())) {
      resident_ = MakePleSource(ParsePleSpec("resident"), table_.table);
    }
    report_.baseline = resident_ ? "resident" : "no_rows";
  }

  void ReplaySteps() {
    const int64_t threads = options_.threads > 0 ? options_.threads : Cores();
    StandIn stand_in(threads, report_.layers, StandInBufferBytes(LastCacheBytes(), AvailableMemoryBytes()));
    lines_.AddMeta("ple", options_.ple);
    lines_.AddMeta("baseline", report_.baseline);
    lines_.AddMeta("threads", std::to_string(threads));
    const double seconds =
        std::max(kWholeSeconds - whole_.seconds(), kLeastSweepSeconds) / std::size(kStepsMs);
    Progress progress("replaying steps", 100 * std::ssize(kStepsMs));
    for (const double step_ms : kStepsMs) {
      ReplayPlan plan = PlanOf(step_ms, seconds);
      plan.progress = [&](int64_t done, int64_t all) {
        progress.Update(100 * std::ssize(report_.points) + 100 * done / all);
      };
      const ReplayResult result = RunReplay(plan, stand_in);
      report_.points.push_back({step_ms, ContrastsOf(result, options_.margin_percent / 100)});
      for (const ReplayContrast& contrast : report_.points.back().contrasts) lines_.Add(contrast, step_ms);
      for (const ReplayStepRow& row : result.steps) lines_.Add(row, step_ms);
    }
    progress.Finish();
  }

  ReplayPlan PlanOf(double step_ms, double seconds) const {
    return {.geometry = table_.geometry,
            .published_rows = table_.published_rows,
            .table = table_.table,
            .ple = ParsePleSpec(options_.ple),
            .context = {.warm_ids = {}, .open = open_},
            .text = text_,
            .step_ms = step_ms,
            .reps = kQuickReps,
            .steps = kMostQuickSteps,
            .warmup_steps = kQuickWarmup,
            .most_seconds = std::max(seconds - kCalibrateMore, 1.0),
            .cold = ParseColdAt(options_),
            .resident = resident_.get(),
            .expected = [this](const StepRows& rows) {
              return ExpectedChecksum(table_.geometry, rows, static_cast<uint64_t>(options_.seed));
            }};
  }

  void Tell() {
    const auto host = DescribeHost(table_.table.path);
    const auto said = [&](std::string_view key) {
      return std::ranges::find(host, key, &std::pair<std::string, std::string>::first)->second;
    };
    const std::string slowed = options_.device.empty() ? "" : Format("slowed down to {}; ", options_.device);
    report_.storage = Format("{}{}; {}; {}", slowed, said("storage"), said("filesystem"), said("kernel"));
    lines_.AddMeta("conclusion", QuickConclusion(report_));
    std::cout << QuickText(report_);
  }

  ReplayOptions options_;
  ReplayLines& lines_;
  FileOpener open_;
  Timer whole_;
  QuickReport report_;
  ReplayTable table_;
  std::vector<int64_t> text_;
  std::unique_ptr<PleSource> resident_;
};

}  // namespace

void RunQuick(const ReplayOptions& options, ReplayLines& lines) { QuickRun(options, lines).Run(); }

}  // namespace plelab
