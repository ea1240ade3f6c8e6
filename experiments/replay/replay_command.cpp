#include "experiments/replay/replay_command.h"

#include <cmath>
#include <iostream>

#include "experiments/replay/device_seam.h"
#include "experiments/replay/measure/host.h"
#include "experiments/replay/measure/replayed_step.h"
#include "experiments/replay/quick_report.h"
#include "harness/machine/host_facts.h"
#include "harness/support/progress.h"
#include "harness/support/units.h"
#include "model/devices/device_profile.h"
#include "model/ple/replay/token_ids.h"

namespace plelab {
namespace {

int64_t ThreadsOf(const ReplayOptions& options) { return options.threads > 0 ? options.threads : Cores(); }

ReplayTable MakeReplayTable(const ReplayOptions& options) {
  if (!options.table.empty()) return TableOfFile(options);
  Progress progress("writing random rows", 0);
  ReplayTable table = TableOfGeometry(options, GeometryNamed(options.geometry), 0,
                                      [&](int64_t bytes, int64_t) { progress.Update(bytes); });
  progress.Finish();
  return table;
}

ReplayPlan PlanOf(const ReplayOptions& options, const ReplayTable& table) {
  ReplayPlan plan{.geometry = table.geometry,
                  .published_rows = table.published_rows,
                  .table = table.table,
                  .ple = ParsePleSpec(options.ple),
                  .context = {.warm_ids = {}, .open = OpenerForDevice(options.device, options.seed)},
                  .text = ReadTokenIds(options.trace, kAnyVocabulary),
                  .step_ms = options.step_ms,
                  .reps = options.reps,
                  .steps = StepsOf(options),
                  .cold = ParseColdAt(options)};
  ExcerptStart(std::ssize(plan.text), plan.reps, plan.warmup_steps + plan.steps,
               0);  // before anything is written
  return plan;
}

// What the calibration could not reach, and what was not checked, is said before the result.
std::string Remarks(const ReplayOptions& options, const ReplayTable& table, const ReplayResult& result) {
  std::string text;
  if (!options.device.empty()) {
    text += Format(
        "Reads answer as late as those of '{}'; bytes come from this machine's page cache or storage\n",
        DeviceProfileNamed(options.device).device);
  }
  if (!table.geometry.assumed.empty()) text += Format("Assumed: {}\n", table.geometry.assumed);
  if (std::fabs(result.calibrated_ms / options.step_ms - 1) > 0.1) {
    text += Format(
        "The stand-in took {:.3f} ms for a step of {:g} ms: its {} layers cannot be shorter here, or the "
        "machine is busy\n",
        result.calibrated_ms, options.step_ms, table.geometry.model_layers);
  }
  if (!result.rows_checked) text += "The rows that were read were not compared with anything\n";
  return text;
}

std::string DetailsOf(const ReplayContrast& c) {
  const auto ms = [](double ns) { return std::isnan(ns) ? std::string("-") : Format("{:.3f}", ns / 1e6); };
  const std::string moved = std::isnan(c.bytes_moved) ? "-" : WithCommas(std::llround(c.bytes_moved));
  return Format("  {:<18}{:>10}{:>10}{:>10}{:>11}{:>9.1f}{:>8.1f}{:>12}{:>12}\n", c.variant, ms(c.p50_ns),
                ms(c.p99_ns.value), ms(c.p99_difference_ns.value), ms(c.hidden_ns), c.read_calls, c.hits,
                WithCommas(std::llround(c.bytes_asked)), moved);
}

std::string ReportText(const StepTimePoint& point) {
  std::string text = PointsText({point});
  text += Format("\n  {:<18}{:>10}{:>10}{:>10}{:>11}{:>9}{:>8}{:>12}{:>12}\n", "a step", "p50, ms", "p99, ms",
                 "change", "hidden, ms", "reads", "hits", "asked, B", "moved, B");
  for (const ReplayContrast& contrast : point.contrasts) text += DetailsOf(contrast);
  return text;
}

void AddLines(ReplayLines& lines, const ReplayOptions& options, const ReplayTable& table,
              const ReplayResult& result, const StepTimePoint& point) {
  AddReplayMeta(lines, options, table);
  lines.AddMeta("ple", options.ple);
  lines.AddMeta("baseline", result.baseline_name);
  lines.AddMeta("threads", std::to_string(ThreadsOf(options)));
  lines.AddMeta("calibrated_ms", Format("{:.4f}", result.calibrated_ms));
  lines.AddMeta("rows_checked", result.rows_checked ? "yes" : "no");
  for (const ReplayContrast& contrast : point.contrasts) lines.Add(contrast, options.step_ms);
  for (const ReplayStepRow& row : result.steps) lines.Add(row, options.step_ms);
}

ReplayResult Measure(const ReplayOptions& options, const ReplayTable& table, ReplayPlan plan) {
  const int64_t available = AvailableMemoryBytes();
  std::unique_ptr<PleSource> resident;
  if (BaselineIsResident(options, table.table.stored_bytes(), available)) {
    resident = MakePleSource(ParsePleSpec("resident"), table.table);
    plan.resident = resident.get();
  }
  if (!options.device.empty()) KeepInPageCache(table.table, AvailableMemoryBytes());
  if (table.random_bytes) {
    plan.expected = [&](const StepRows& rows) {
      return ExpectedChecksum(table.geometry, rows, static_cast<uint64_t>(options.seed));
    };
  }
  Progress progress("replaying steps", plan.reps * (plan.warmup_steps + plan.steps));
  plan.progress = [&](int64_t done, int64_t) { progress.Update(done); };
  StandIn stand_in(ThreadsOf(options), table.geometry.model_layers,
                   StandInBufferBytes(LastCacheBytes(), available));
  ReplayResult result = RunReplay(plan, stand_in);
  progress.Finish();
  return result;
}

}  // namespace

void RunReplayCommand(const ReplayOptions& options, ReplayLines& lines) {
  if (options.table.empty()) GeometryNamed(options.geometry);  // a mistake is told before anything is written
  PlanOf(options, {});
  const ReplayTable table = MakeReplayTable(options);
  const ReplayPlan plan = PlanOf(options, table);
  const ReplayResult result = Measure(options, table, plan);
  const StepTimePoint point{options.step_ms, ContrastsOf(result, options.margin_percent / 100)};
  AddLines(lines, options, table, result, point);
  std::cout << "Table: " << table.Describe() << "\n"
            << Remarks(options, table, result)
            << Format(
                   "Rows: '{}', against '{}'; {} threads, {} repetitions of {} steps, {} rows per token\n\n",
                   options.ple, result.baseline_name, ThreadsOf(options), plan.reps, plan.steps,
                   table.geometry.rows_per_token())
            << ReportText(point);
}

}  // namespace plelab
