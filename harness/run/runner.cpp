#include "harness/run/runner.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>

#include "harness/accuracy/accuracy.h"
#include "harness/accuracy/choice_task.h"
#include "harness/accuracy/contribution.h"
#include "harness/record/recorder.h"
#include "harness/run/child.h"
#include "harness/run/memory_phase.h"
#include "harness/run/run_checks.h"
#include "harness/run/run_identity.h"
#include "harness/run/time_phase.h"
#include "harness/support/interrupt.h"
#include "harness/support/shell_word.h"
#include "harness/workload/synthesise.h"
#include "model/base/error.h"

namespace plelab {
namespace fs = std::filesystem;
namespace {

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

// The newest results/<name>_<UTC>.h5 whose parts still exist.  The names sort by time.
std::string NewestUnfinished(const std::string& name) {
  std::string newest;
  if (fs::is_directory("results")) {
    for (const auto& entry : fs::directory_iterator("results")) {
      const std::string file = entry.path().filename().string();
      const size_t end = file.rfind(".parts");
      if (file.rfind(name + "_", 0) != 0 || end == std::string::npos) continue;
      newest = std::max(newest, "results/" + file.substr(0, end));
    }
  }
  if (newest.empty()) {
    throw UserError("results/: no unfinished run of '{}' to resume; name its result with --out", name);
  }
  return newest;
}

// Prepares `out` for a new run.  Existing results and parts belong to the user, so they are replaced only
// with `force`.
void ClearTheWay(const std::string& out, const RunOptions& options) {
  const std::string folder = PartsFolder(out);
  if (options.force) {
    fs::remove_all(folder);
    return;
  }
  RequireFree(out, options);
  if (!options.resume && fs::exists(folder)) {
    throw UserError(
        "{}: parts of a run that was stopped; go on with --resume, or throw them away with --force", folder);
  }
  if (options.resume && !fs::exists(folder)) {
    throw UserError("{}: nothing to resume; run without --resume", folder);
  }
}

void WriteChildConfig(const PartStore& parts, const std::string& yaml) {
  std::ofstream stream(ChildConfigPath(parts));
  stream << yaml;
  if (!stream.flush()) throw RunError("{}: cannot be written", ChildConfigPath(parts));
}

// Opens the parts with the /meta of this run, or with that of the resumed run, after checking that both are
// the same run.
void OpenParts(PartStore& parts, const RunPlan& plan, const RunOptions& options) {
  const Meta now = DescribeRun(plan, options);
  if (parts.Has({})) {
    RequireSameRun(parts.Get({}).meta, now, parts.folder());
  } else {
    Record run;
    run.meta = now;
    parts.Put({}, std::move(run));
  }
  WriteChildConfig(parts, plan.config.resolved_yaml);
}

// Time is measured first, on the untouched machine, then memory, in processes of their own.  Accuracy comes
// last, after memory was read, or is the only phase.
void RunPhases(PhaseContext& context) {
  const InterruptGuard guard;
  if (RunsWorkload(context.plan.config)) {
    RunTimePhase(context);
    RunMemoryPhase(context);
  }
  RunAccuracyPhase(context);
  if (WatchesPle(context.plan.config)) RunContributionPhase(context);
}

std::string HowToGoOn(const RunOptions& options, const std::string& out) {
  const std::string command =
      options.command.empty() ? "build/plelab run " + ShellWord(options.config_path) : options.command;
  return Format("finished parts are kept in {}; go on with: {} --out {} --resume", PartsFolder(out), command,
                ShellWord(out));
}

// Makes the plan and all checks, so that every error that the user can correct is found before anything is
// measured.
RunPlan PlanRun(const ExperimentConfig& config, const std::string& out) {
  CheckFilesExist(config);
  SynthesiseIfMissing(config.model);
  RunPlan plan = ResolvePlan(config);
  for (const std::string& task : config.accuracy.tasks) ReadChoiceTask(task);
  CheckRoom(plan, out);
  MakeFoldedTables(plan);
  return plan;
}

// Runs the phases and merges their parts into one file.
Record Measure(const RunPlan& plan, const RunOptions& options, const std::string& out, Timeline* timeline) {
  std::vector<std::string> names;
  for (const VariantPlan& variant : plan.variants) names.push_back(variant.name());
  try {
    PartStore parts(PartsFolder(out), names);
    OpenParts(parts, plan, options);
    ModelShelf models;
    PhaseContext context{plan, parts, models, options.make_source, timeline, options.allow_debug};
    RunPhases(context);
    Record record = parts.Merge(VariantRows(plan));
    WriteRecord(out, record);
    return record;
  } catch (const RunError& error) {
    throw RunError("{}; {}", error.what(), HowToGoOn(options, out));
  }
}

}  // namespace

std::string ResultPath(const ExperimentConfig& config, const RunOptions& options) {
  if (!options.out.empty()) return options.out;
  if (options.resume) return NewestUnfinished(config.name);
  return Format("results/{}_{}.h5", config.name, UtcNow());
}

void RequireFree(const std::string& path, const RunOptions& options) {
  if (!fs::exists(path) || options.force) return;
  throw UserError("{}: exists; name another file with --out, or replace it with --force", path);
}

RunResult Run(const ExperimentConfig& config, const RunOptions& options) {
  CheckBuild(options.allow_debug);
  RunResult result;
  result.path = ResultPath(config, options);
  ClearTheWay(result.path, options);
  const RunPlan plan = PlanRun(config, result.path);
  std::optional<Timeline> timeline;
  if (!options.timeline.empty()) timeline.emplace();
  result.record = Measure(plan, options, result.path, timeline ? &*timeline : nullptr);
  if (timeline) timeline->Write(options.timeline);
  fs::remove_all(PartsFolder(result.path));
  result.any_failed = std::any_of(result.record.variants.begin(), result.record.variants.end(),
                                  [](const VariantRow& row) { return row.status == "failed"; });
  return result;
}

}  // namespace plelab
