// Compiled with OpenMP (model/CMakeLists.txt); without it at::parallel_for would be a serial loop.
#include "model/kernels/parallel.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "model/kernels/parallel_region.h"

#ifndef _OPENMP
#error "parallel.cpp must be compiled with OpenMP, or every kernel runs in one thread"
#endif

namespace plelab {
namespace {

std::atomic<void (*)(int)> share_hook = nullptr;
// Of a thread that is in InOneRegion and in none of its loops.
thread_local ParallelRegion* open_region = nullptr;

// Sets open_region for one scope.
class OpenRegion {
 public:
  explicit OpenRegion(ParallelRegion* region) : before_(std::exchange(open_region, region)) {}
  ~OpenRegion() { open_region = before_; }
  OpenRegion(const OpenRegion&) = delete;
  OpenRegion& operator=(const OpenRegion&) = delete;

 private:
  ParallelRegion* before_;
};

void CallHook() {
  if (auto* hook = share_hook.load(std::memory_order_relaxed)) hook(at::get_thread_num());
}

// The threads that a loop of this thread may use.
int64_t Threads() {
  if (open_region != nullptr) return open_region->threads();
  return at::in_parallel_region() ? 1 : at::get_num_threads();
}

// One loop of the region, in which further loops are serial.
void RunInRegion(ParallelRegion& region, int64_t begin, int64_t end, int64_t grain, RangeBody body) {
  const int64_t size = end - begin;
  const int64_t shares = std::min(region.threads(), (size + grain - 1) / grain);
  const OpenRegion none(nullptr);
  const auto share = [&](int64_t i, int64_t) {
    CallHook();
    body(begin + size * i / shares, begin + size * (i + 1) / shares);
  };
  shares == 1 ? share(0, 1) : region.Run(shares, share);
}

}  // namespace

void SetShareHook(void (*hook)(int thread)) { share_hook = hook; }

void ParallelPieces(int64_t begin, int64_t end, int64_t grain, RangeBody body) {
  const int64_t size = end - begin, threads = Threads();
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
  if (begin >= end) return;
  if (open_region != nullptr) return RunInRegion(*open_region, begin, end, std::max<int64_t>(1, grain), body);
  at::parallel_for(begin, end, grain, [&](int64_t share_begin, int64_t share_end) {
    CallHook();
    body(share_begin, share_end);
  });
}

void RunInOneRegion(RangeBody body) {
  const int64_t threads = Threads();
  if (open_region != nullptr || threads == 1) return body(0, 1);
  ParallelRegion region;
  at::parallel_for(0, threads, 1, [&](int64_t share, int64_t share_end) {
    // There may be fewer threads than asked for: each then has a larger share, and the last ones none.
    if (share > 0) return region.Serve(at::get_thread_num());
    region.Open((threads + share_end - 1) / share_end);
    const struct Closing {
      ParallelRegion& of;
      ~Closing() { of.Close(); }
    } closing{region};
    const OpenRegion open(&region);
    body(0, 1);
  });
}

}  // namespace plelab
