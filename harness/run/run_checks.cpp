#include "harness/run/run_checks.h"

#include "harness/machine/environment.h"
#include "harness/machine/resources.h"
#include "harness/plan/phase.h"
#include "harness/plan/variant_layers.h"
#include "harness/run/estimate.h"
#include "model/base/error.h"

namespace plelab {
namespace {

std::string GB(int64_t bytes) { return Format("{:.1f} GB", static_cast<double>(bytes) * 1e-9); }

void CheckRoom(const ExperimentConfig& config, const std::vector<VariantGroup>& groups,
               const std::string& out) {
  const RunEstimate estimate = EstimateRun(config, groups, {});
  const int64_t memory = AvailableMemoryBytes();
  if (estimate.memory_bytes > memory) {
    throw UserError(
        "{}: the variants together need about {} of memory, {} are available; use design.isolate: process, "
        "or fewer "
        "variants (plelab run --dry-run lists what each takes)",
        config.name, GB(estimate.memory_bytes), GB(memory));
  }
  const int64_t disk = FreeDiskBytes(out);
  if (estimate.result_bytes * 2 > disk) {  // parts and the merged file, for a moment
    throw UserError("{}: the result needs about {} of disk, {} are free", out, GB(estimate.result_bytes * 2),
                    GB(disk));
  }
}

void CheckTransforms(const ExperimentConfig& config, const VariantGroup& group, const PleGeometry& geometry) {
  for (int64_t v : group.variants) {
    const auto& variant = config.variants[v];
    try {
      FootprintOf(variant.ple, geometry);
    } catch (const UserError& error) {
      throw UserError("{}: variant '{}': {}", config.places.at(Format("variants[{}]", variant.name)),
                      variant.name, error.what());
    }
  }
}

// Cutting the workload throws where the text is too short for it.
void CheckText(const ExperimentConfig& config, const VariantGroup& group, const Checkpoint& checkpoint) {
  const Workload work = WorkloadOf(config, group.workload, checkpoint);
  for (int64_t v : group.variants) {
    const auto& variant = config.variants[v];
    if (CacheStartOf(variant.ple) == "warmed" && work.warm_ids.empty()) {
      throw UserError(
          "variant '{}' starts warmed, but no token of the text is left to warm it with: set "
          "workload.warm_tokens, or take a longer text",
          variant.name);
    }
  }
}

}  // namespace

void CheckBuild(bool allow_debug) {
  if (BuildMayMeasure() || allow_debug) return;
  throw UserError(
      "this is a debug or sanitized build: its times mean nothing, so it measures none; use the preset "
      "release (or "
      "--allow-debug to try the pipeline: the result is stamped)");
}

void CheckWork(const ExperimentConfig& config, const std::vector<VariantGroup>& groups,
               const std::string& out) {
  for (const auto& group : groups) {
    const Checkpoint checkpoint = Checkpoint::Open(group.model.checkpoint);
    CheckTransforms(config, group, checkpoint.ple_table().geometry);
    for (int64_t v : group.variants) LayersOf(config, config.variants[v], checkpoint.config().text);
    if (RunsWorkload(config)) CheckText(config, group, checkpoint);
  }
  CheckRoom(config, groups, out);
}

}  // namespace plelab
