// The command line of plelab-replay.
#pragma once

namespace plelab {

// Returns the exit code: 0 done; 1 something failed; 2 the user's mistake.
int RunReplayCommandLine(int argc, char** argv);

}  // namespace plelab
