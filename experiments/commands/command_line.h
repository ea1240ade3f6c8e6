// `plelab` from its arguments to its exit code.
#pragma once

namespace plelab {

// Runs the subcommand that the arguments name.  Errors are printed here and nowhere else: one line each, with
// what could act on a terminal written out (harness/support/message.h).  Returns the exit code: 0 done; 1
// something failed, was interrupted (SIGINT, SIGTERM, SIGHUP), or standard output could not be written; 2 the
// user's mistake.
int RunCommandLine(int argc, char** argv);

}  // namespace plelab
