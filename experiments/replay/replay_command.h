// `plelab-replay --table FILE | --geometry NAME`: one strategy, one length of a step.
#pragma once

#include "experiments/replay/replay_lines.h"
#include "experiments/replay/replay_options.h"

namespace plelab {

// Replays the trace with the options' strategy against the baseline, prints a report and adds the rows to
// `lines`.  Throws UserError and RunError as its parts do.
void RunReplayCommand(const ReplayOptions& options, ReplayLines& lines);

}  // namespace plelab
