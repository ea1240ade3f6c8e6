#include "harness/run/run_checks.h"

#include <iterator>

#include "harness/machine/cores.h"
#include "harness/machine/environment.h"
#include "harness/machine/host_facts.h"
#include "harness/machine/resources.h"
#include "harness/run/estimate.h"
#include "harness/run/own_tables.h"
#include "harness/support/units.h"
#include "model/base/error.h"

namespace plelab {

namespace {

// Where the first of these keys of `model` that was given stands: the variant's own, else the config's.
std::string PlaceOfModelKey(const ExperimentConfig& config, const VariantConfig& variant,
                            const std::vector<std::string>& keys) {
  for (const std::string& section : {Format("variants[{}].model.", variant.name), std::string("model.")}) {
    for (const std::string& key : keys) {
      if (const auto place = config.places.find(section + key); place != config.places.end())
        return place->second;
    }
  }
  return config.name;
}

void CheckRoomForOwnTables(const RunPlan& plan) {
  const std::string folder = OwnTablesFolder(plan.table.path);
  const int64_t needed = OwnTableBytes(plan);
  if (needed == 0 || folder.empty() || needed <= FreeDiskBytes(folder)) return;
  throw UserError(
      "{}: copies of the table for the variants that read it need {} of disk, {} are free; set "
      "design.own_table: false to let them share one file",
      folder, DecimalBytes(needed), DecimalBytes(FreeDiskBytes(folder)));
}

}  // namespace

void CheckBuild(bool allow_debug) {
  if (BuildMayMeasure() || allow_debug) return;
  throw UserError(
      "this is a debug or sanitized build: its times mean nothing, so it measures none; use the preset "
      "release (or --allow-debug to try the pipeline: the result is stamped)");
}

void CheckRoom(const RunPlan& plan, const std::string& out) {
  const RunEstimate estimate = EstimateRun(plan, {});
  const int64_t memory = AvailableMemoryBytes();
  if (estimate.memory_bytes > memory) {
    throw UserError(
        "{}: the variants together need about {} of memory, but {} are available; use design.isolate: "
        "process, or fewer variants (plelab run --dry-run lists what each needs)",
        plan.config.name, DecimalBytes(estimate.memory_bytes), DecimalBytes(memory));
  }
  const int64_t needed = estimate.result_bytes * 2;  // at the end, parts and the merged file exist together
  const int64_t disk = FreeDiskBytes(out);
  if (needed > disk) {
    throw UserError("{}: the result needs about {} of disk, {} are free", out, DecimalBytes(needed),
                    DecimalBytes(disk));
  }
  CheckRoomForOwnTables(plan);
}

void CheckPins(const ExperimentConfig& config) {
  const int64_t cores = std::ssize(AllowedCores());
  for (const VariantConfig& variant : config.variants) {
    if (!variant.model.pin || variant.model.threads <= cores) continue;
    throw UserError(
        "{}: variant '{}': 'pin' in 'model' gives each compute thread a core of its own: expected at most {} "
        "threads (the cores that this process may use), found {}; with one thread less than cores, a core is "
        "left for reading",
        PlaceOfModelKey(config, variant, {"threads", "pin"}), variant.name, cores, variant.model.threads);
  }
}

}  // namespace plelab
