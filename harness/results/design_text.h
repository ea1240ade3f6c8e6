// The design of a planned run, as --dry-run prints it.
#pragma once

#include <optional>
#include <string>

#include "harness/plan/run_plan.h"
#include "harness/results/detectable.h"

namespace plelab {

// The order of the turns, the processes, the controls; each group with its variants and its baseline, and the
// smallest difference that it would find, told from `earlier`.  "" where nothing is timed.
std::string DesignText(const RunPlan& plan, const std::optional<EarlierRun>& earlier);

}  // namespace plelab
