// Compiled with OpenMP (model/CMakeLists.txt); without it at::parallel_for would be a serial loop.
#include "model/kernels/parallel.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

#ifndef _OPENMP
#error "parallel.cpp must be compiled with OpenMP, or every kernel runs in one thread"
#endif

namespace plelab {
namespace {

std::atomic<void (*)(int)> share_hook = nullptr;

}  // namespace

void SetShareHook(void (*hook)(int thread)) { share_hook = hook; }

void ParallelPieces(int64_t begin, int64_t end, int64_t grain, RangeBody body) {
  const int64_t size = end - begin, threads = at::in_parallel_region() ? 1 : at::get_num_threads();
  const int64_t pieces = std::min(threads * kPiecesPerThread, size / std::max<int64_t>(1, grain));
  if (threads == 1 || pieces <= threads) return ParallelFor(begin, end, grain, body);
  std::atomic<int64_t> next = 0;
  ParallelFor(0, threads, 1, [&](int64_t, int64_t) {
    for (int64_t piece = next++; piece < pieces; piece = next++) {
      body(begin + size * piece / pieces, begin + size * (piece + 1) / pieces);
    }
  });
}

void ParallelFor(int64_t begin, int64_t end, int64_t grain, RangeBody body) {
  at::parallel_for(begin, end, grain, [&](int64_t share_begin, int64_t share_end) {
    if (auto* hook = share_hook.load(std::memory_order_relaxed)) hook(at::get_thread_num());
    body(share_begin, share_end);
  });
}

}  // namespace plelab
