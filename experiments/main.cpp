// plelab: hands the command line on.
#include "experiments/commands/command_line.h"

int main(int argc, char** argv) { return plelab::RunCommandLine(argc, argv); }
