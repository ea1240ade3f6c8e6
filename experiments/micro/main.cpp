// plelab_micro: Google Benchmark over the model's kernels.  OMP_NUM_THREADS says how many threads.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
