#include "harness/run/run_checks.h"

#include "harness/machine/environment.h"
#include "harness/machine/resources.h"
#include "harness/run/estimate.h"
#include "harness/support/units.h"
#include "model/base/error.h"

namespace plelab {

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
}

}  // namespace plelab
