// plelab_micro: Google Benchmark over the model's kernels.  OMP_NUM_THREADS sets the number of threads.
#include <benchmark/benchmark.h>

#include "model/ops/heap.h"

int main(int argc, char** argv) {
  plelab::KeepFreedMemory();  // as plelab does
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
