// `plelab-replay --quick`: what this machine's storage is for PLE rows, in a minute.
#pragma once

#include "experiments/replay/replay_lines.h"
#include "experiments/replay/replay_options.h"

namespace plelab {

// Reads rows of Gemma 3n E2B (random bytes, cut to 2 GB or to what the disk allows), counts cache hits on the
// text that ships, and replays steps of several lengths.  Prints a report and adds the rows to `lines`.
// Throws UserError and RunError as its parts do.
void RunQuick(const ReplayOptions& options, ReplayLines& lines);

}  // namespace plelab
