// plelab-replay: hands the command line on.
#include "experiments/replay/command_line.h"

int main(int argc, char** argv) { return plelab::RunReplayCommandLine(argc, argv); }
