#include "experiments/replay/measure/thread_team.h"

#include <sched.h>

#include <chrono>

#include "harness/machine/host_facts.h"

namespace plelab {
namespace {

using SpinClock = std::chrono::steady_clock;
constexpr auto kSpinFor = std::chrono::microseconds(200);
constexpr int kLooksBetweenClocks = 64;

// Where that is not allowed the thread stays free.
void StayOn(int core) {
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(core, &own);
  ::sched_setaffinity(0, sizeof own, &own);
}

// Returns once is_done() or when it has spun long enough.  It yields, because the thread that it waits for
// may have been put on the same core.
template <class IsDone>
void SpinUntil(IsDone is_done) {
  const auto end = SpinClock::now() + kSpinFor;
  while (!is_done()) {
    for (int i = 0; i < kLooksBetweenClocks; ++i) {
      if (is_done()) return;
    }
    if (SpinClock::now() > end) return;
    std::this_thread::yield();
  }
}

}  // namespace

ThreadTeam::ThreadTeam(int64_t threads) {
  const std::vector<int>& cores = AllowedCores();
  for (int64_t i = 1; i < threads; ++i) {
    helpers_.emplace_back([this, i, &cores] {
      if (!cores.empty()) StayOn(cores[i % std::ssize(cores)]);
      Help(i);
    });
  }
}

ThreadTeam::~ThreadTeam() {
  ending_ = true;
  ++round_;
  round_.notify_all();
}

void ThreadTeam::Run(const std::function<void(int64_t)>& work) {
  work_ = &work;
  busy_ = std::ssize(helpers_);
  ++round_;
  round_.notify_all();
  work(0);
  SpinUntil([this] { return busy_ == 0; });
  for (int64_t busy = busy_; busy != 0; busy = busy_) busy_.wait(busy);
}

void ThreadTeam::Help(int64_t thread) {
  for (uint64_t done = 0;; ++done) {
    SpinUntil([&] { return round_ != done; });
    round_.wait(done);  // returns at once when the round has begun
    if (ending_) return;
    (*work_)(thread);
    if (--busy_ == 0) busy_.notify_all();
  }
}

}  // namespace plelab
