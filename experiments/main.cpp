// plelab: hands the command line on.
#include "experiments/commands/command_line.h"
#include "model/ops/heap.h"

int main(int argc, char** argv) {
  plelab::KeepFreedMemory();
  return plelab::RunCommandLine(argc, argv);
}
