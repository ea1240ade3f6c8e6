#include "harness/run/runner.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/accuracy/accuracy.h"
#include "harness/accuracy/contribution.h"
#include "harness/accuracy/task_check.h"
#include "harness/cold/cold_plan.h"
#include "harness/comparison/comparison.h"
#include "harness/comparison/control.h"
#include "harness/measure/replayed_hits.h"
#include "harness/record/recorder.h"
#include "harness/record/repetition_flags.h"
#include "harness/run/child.h"
#include "harness/run/input_identity.h"
#include "harness/run/memory_phase.h"
#include "harness/run/own_tables.h"
#include "harness/run/run_checks.h"
#include "harness/run/run_identity.h"
#include "harness/run/run_output.h"
#include "harness/run/time_phase.h"
#include "harness/support/interrupt.h"
#include "harness/support/shell_word.h"
#include "harness/workload/synthesise.h"
#include "model/base/error.h"
#include "model/ple/strategies/factory.h"

namespace plelab {
namespace fs = std::filesystem;
namespace {

std::string CommandOf(const RunOptions& options) {
  return options.command.empty() ? "build/plelab run " + ShellWord(options.config_path) : options.command;
}

std::string CommandToGoOn(const std::string& command, const std::string& out) {
  return Format("{} --out {} --resume", command, ShellWord(out));
}

// The command that started the run whose parts are in `folder`, with its --set; that of `options` where they
// do not say.
std::string CommandOfParts(const std::string& folder, const RunOptions& options) {
  try {
    const std::string command = MetaValue(ReadRecord(folder + "/run.h5").meta, "command");
    if (!command.empty()) return command;
  } catch (const std::exception&) {
    // It was stopped before it said so.
  }
  return CommandOf(options);
}

// Existing parts belong to the user, so they are thrown away only with `force`.  They are those of no live
// run, because this one holds the lock.
void CheckParts(const std::string& out, const RunOptions& options) {
  if (options.force) return;
  const std::string folder = PartsFolder(out);
  if (!options.resume && fs::exists(folder)) {
    throw UserError(
        "{}: parts of a run that was stopped; go on with: {}; or name another result with --out, or throw "
        "them away with --force",
        folder, CommandToGoOn(CommandOfParts(folder, options), out));
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

void SkipWhatIsForbidden(PhaseContext& context) {
  for (int64_t v = 0; v < std::ssize(context.plan.variants); ++v) {
    const std::string why = WhyUnavailable(context.plan.variants[v].config.ple);
    if (!why.empty() && !context.parts.HasFailed(v)) context.parts.Skip(v, why);
  }
}

// Time is measured first, on the untouched machine, then memory, in processes of their own.  Accuracy comes
// last, after memory was read, or is the only phase.
void RunPhases(PhaseContext& context) {
  SkipWhatIsForbidden(context);
  if (RunsWorkload(context.plan.config)) {
    RunTimePhase(context);
    RunMemoryPhase(context);
  }
  RunAccuracyPhase(context);
  if (WatchesPle(context.plan.config)) RunContributionPhase(context);
}

std::string HowToGoOn(const RunOptions& options, const std::string& out) {
  std::string command = CommandToGoOn(CommandOf(options), out);
  if (!options.timeline.empty()) command += " --timeline " + ShellWord(options.timeline);
  return Format("finished parts are kept in {}; go on with: {}", PartsFolder(out), command);
}

// Makes the plan and all checks, so that every error that the user can correct is found before anything is
// measured.
RunPlan PlanRun(const ExperimentConfig& config, const std::string& out) {
  CheckFilesExist(config);
  CheckPins(config);
  ReadTasks(config);
  SynthesiseIfMissing(config.model);
  RunPlan plan = ResolvePlan(config);
  CheckTasks(plan);
  CheckRoom(plan, out);
  MakeFoldedTables(plan);
  return plan;
}

// A run that was to be resumed keeps its parts.
RunPlan PlanOrSayHowToGoOn(const ExperimentConfig& config, const RunOptions& options,
                           const std::string& out) {
  try {
    return PlanRun(config, out);
  } catch (const Interrupted& error) {
    if (!options.resume) throw;
    throw RunError("{}; {}", error.what(), HowToGoOn(options, out));
  }
}

// The phases load the checkpoint, texts and tasks one after the other.  Had one changed in between, the times
// would be of other weights than the losses.  Where a variant failed, its error says what happened to the
// file that it read, and what the others measured before is kept.
void RequireUnchangedInputs(const RunPlan& plan, const PartStore& parts) {
  for (int64_t v = 0; v < std::ssize(plan.variants); ++v) {
    if (parts.HasFailed(v) && parts.Get({Phase::kFailed, v, 0}).variants.at(0).status == "failed") return;
  }
  const std::string before = MetaValue(parts.Get({}).meta, "inputs");
  const std::string now = IdentityOfFiles(FilesOf(plan));
  if (before == now) return;
  throw UserError(
      "an input changed while the run went on: {}; its parts mix both and are no result; measure again "
      "under another name with --out, or here with --force",
      FirstDifferentLine(before, now));
}

// The curve on which the live caches of the run lie, over the repetitions that it made.
void AddReplayedHits(const RunPlan& plan, Record& record) {
  int64_t reps = 0;
  for (const RepRow& row : record.reps) reps = std::max(reps, row.rep + 1);
  if (reps == 0) return;
  if (auto curve = ReplayedHits(plan, reps)) record.curves.push_back(std::move(*curve));
}

// Runs the phases and merges their parts into one file.
Record Measure(const RunPlan& plan, const RunOptions& options, const RunOutput& output, Timeline* timeline) {
  const std::string& out = output.path();
  std::vector<std::string> names;
  for (const VariantPlan& variant : plan.variants) names.push_back(variant.name());
  try {
    PartStore parts(PartsFolder(out), names);
    OpenParts(parts, plan, options);
    const OwnTables own_tables(plan, parts.folder(), options.resume);
    RunPlan measured = plan;
    const std::vector<std::string> owners = UseOwnTables(measured, parts.folder());
    ModelShelf models;
    PhaseContext context{measured, parts, models, options.make_source, timeline, options.allow_debug};
    RunPhases(context);
    RequireUnchangedInputs(plan, parts);
    Record record = parts.Merge(VariantRows(plan));
    if (RunsWorkload(plan.config)) {
      FlagRepetitions(record);
      record.comparisons = CompareVariants(record, plan.config.design);
      record.meta.emplace_back("control", ControlOutcome(record.comparisons));
      record.meta.emplace_back("own_tables", nlohmann::json(owners).dump());
      AddReplayedHits(plan, record);
    }
    output.Write(record);
    return record;
  } catch (const RunError& error) {
    if (options.temporary) throw;
    throw RunError("{}; {}", error.what(), HowToGoOn(options, out));
  }
}

}  // namespace

RunResult Run(const ExperimentConfig& config, const RunOptions& options) {
  CheckBuild(options.allow_debug);
  const InterruptGuard guard;
  const RunOutput output(config, options);
  RunResult result;
  result.path = output.path();
  CheckParts(result.path, options);
  const RunPlan plan = PlanOrSayHowToGoOn(config, options, result.path);
  CheckColdReferences(plan, options.resume ? 1 : config.design.reps);
  if (options.force)
    fs::remove_all(PartsFolder(result.path));  // now that the new run is known to be possible
  std::optional<Timeline> timeline;
  if (!options.timeline.empty()) timeline.emplace();
  result.record = Measure(plan, options, output, timeline ? &*timeline : nullptr);
  if (timeline) timeline->Write(options.timeline);
  fs::remove_all(PartsFolder(result.path));
  result.any_failed = std::any_of(result.record.variants.begin(), result.record.variants.end(),
                                  [](const VariantRow& row) { return row.status == "failed"; });
  return result;
}

}  // namespace plelab
