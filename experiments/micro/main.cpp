// plelab_micro: Google Benchmark over the model's kernels.  OMP_NUM_THREADS sets the number of threads.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
