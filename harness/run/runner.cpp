#include "harness/run/runner.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>

#include "harness/accuracy/accuracy.h"
#include "harness/accuracy/contribution.h"
#include "harness/plan/variant_layers.h"
#include "harness/record/recorder.h"
#include "harness/run/child.h"
#include "harness/run/memory_phase.h"
#include "harness/run/run_checks.h"
#include "harness/run/run_identity.h"
#include "harness/run/time_phase.h"
#include "harness/support/interrupt.h"
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

// The newest results/<name>_<UTC>.h5 whose parts are still there: the names sort by time.
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

// Results and parts that are there already are the user's: replaced only when told.
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

// The meta of this run, or of the one that is resumed once it is shown to be the same.
void OpenParts(PartStore& parts, const ExperimentConfig& config, const RunOptions& options) {
  const Meta now = DescribeRun(config, options);
  if (parts.Has({})) {
    RequireSameRun(parts.Get({}).meta, now, parts.folder());
  } else {
    Record run;
    run.meta = now;
    parts.Put({}, std::move(run));
  }
  WriteChildConfig(parts, config.resolved_yaml);
}

// The rows of /tables/variants with what each source holds and leaves, and which layers run.
std::vector<VariantRow> RowsWithFootprint(const ExperimentConfig& config) {
  auto rows = VariantRows(config);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& variant = config.variants[i];
    const Checkpoint checkpoint = Checkpoint::Open(variant.model.checkpoint);
    const PleFootprint footprint = FootprintOf(variant.ple, checkpoint.ple_table().geometry);
    rows[i].fast_bytes = footprint.fast_bytes;
    rows[i].file_bytes = footprint.file_bytes;
    rows[i].table_bytes = footprint.table_bytes;
    if (!EditsLayers(config)) continue;
    const Gemma3nConfig& model = checkpoint.config();
    DescribeLayers(variant.layers, LayersOf(config, variant, model.text), model, rows[i]);
  }
  return rows;
}

// Before anything is measured: `folded` tables that are not there yet.
void FoldWhereWanted(const ExperimentConfig& config) {
  for (const auto& variant : config.variants) {
    if (!ReadsFoldedTable(variant.ple)) continue;
    TableWithProgress(variant.ple, Checkpoint::Open(variant.model.checkpoint));
  }
}

// Time first, on the untouched machine; memory in processes of their own; accuracy last, after memory was
// read, or alone.
void RunPhases(PhaseContext& context) {
  const InterruptGuard guard;
  if (RunsWorkload(context.config)) {
    RunTimePhase(context);
    RunMemoryPhase(context);
  }
  RunAccuracyPhase(context);
  if (WatchesPle(context.config)) RunContributionPhase(context);
}

std::string HowToGoOn(const RunOptions& options, const std::string& out) {
  return Format("finished parts are kept in {}; go on with: plelab run {} --out {} --resume",
                PartsFolder(out), options.config_path, out);
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
  result.groups = GroupVariants(config);
  CheckFilesExist(config);
  for (const auto& group : result.groups) SynthesiseIfMissing(group.model);
  CheckWork(config, result.groups, result.path);
  FoldWhereWanted(config);

  std::vector<std::string> names;
  for (const auto& variant : config.variants) names.push_back(variant.name);
  ModelShelf models;
  std::optional<Timeline> timeline;
  if (!options.timeline.empty()) timeline.emplace();
  try {
    PartStore parts(PartsFolder(result.path), names);
    OpenParts(parts, config, options);
    PhaseContext context{config,
                         result.groups,
                         parts,
                         models,
                         options.make_source,
                         timeline ? &*timeline : nullptr,
                         options.allow_debug};
    auto variants = RowsWithFootprint(config);  // now: the file may be damaged by the end of the run
    RunPhases(context);
    result.record = parts.Merge(std::move(variants));
    WriteRecord(result.path, result.record);
  } catch (const RunError& error) {
    throw RunError("{}; {}", error.what(), HowToGoOn(options, result.path));
  }
  if (timeline) timeline->Write(options.timeline);
  fs::remove_all(PartsFolder(result.path));
  result.any_failed = std::any_of(result.record.variants.begin(), result.record.variants.end(),
                                  [](const VariantRow& row) { return row.status == "failed"; });
  return result;
}

}  // namespace plelab
