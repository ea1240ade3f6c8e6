#include "model/kernels/parallel_region.h"

#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace plelab {
namespace {

// So often a thread looks before it sleeps: a tenth of a millisecond or two, by what a CPU takes for a pause,
// which is longer than what a decode step computes between two loops.
constexpr int kSpins = 4000;

void Pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// Returns when `value` is no longer `old`.
void WaitWhile(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

void ParallelRegion::Announce() {
  finished_.store(0, std::memory_order_relaxed);
  announced_.fetch_add(1, std::memory_order_release);
  announced_.notify_all();
}

void ParallelRegion::Run(int64_t shares, RangeBody share) {
  share_ = &share;
  shares_ = shares;
  Announce();
  Take(0);
  const auto others = static_cast<uint32_t>(threads_ - 1);
  for (uint32_t done = finished_.load(std::memory_order_acquire); done != others;
       done = finished_.load(std::memory_order_acquire)) {
    WaitWhile(finished_, done);
  }
  if (!failed_.test(std::memory_order_acquire)) return;
  failed_.clear();
  std::rethrow_exception(std::exchange(error_, nullptr));
}

void ParallelRegion::Take(int64_t share) {
  if (share >= shares_) return;
  try {
    (*share_)(share, share + 1);
  } catch (...) {
    if (!failed_.test_and_set(std::memory_order_acq_rel)) error_ = std::current_exception();
  }
}

void ParallelRegion::Serve(int64_t thread) {
  for (uint32_t seen = 0;; ++seen) {
    WaitWhile(announced_, seen);
    if (share_ == nullptr) return;
    Take(thread);
    finished_.fetch_add(1, std::memory_order_release);
    finished_.notify_one();
  }
}

void ParallelRegion::Close() {
  share_ = nullptr;
  Announce();
}

}  // namespace plelab
