// Compiled with OpenMP (model/CMakeLists.txt); without it at::parallel_for would be a serial loop.
#include "model/kernels/parallel.h"

#include <ATen/Parallel.h>

#include <atomic>

#ifndef _OPENMP
#error "parallel.cpp must be compiled with OpenMP, or every kernel runs in one thread"
#endif

namespace plelab {
namespace {

std::atomic<void (*)(int)> share_hook = nullptr;

}  // namespace

void SetShareHook(void (*hook)(int thread)) { share_hook = hook; }

void ParallelFor(int64_t begin, int64_t end, int64_t grain, RangeBody body) {
  at::parallel_for(begin, end, grain, [&](int64_t share_begin, int64_t share_end) {
    if (auto* hook = share_hook.load(std::memory_order_relaxed)) hook(at::get_thread_num());
    body(share_begin, share_end);
  });
}

}  // namespace plelab
