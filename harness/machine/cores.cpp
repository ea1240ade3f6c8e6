#include "harness/machine/cores.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "model/base/error.h"
#include "model/kernels/parallel.h"

namespace plelab {
namespace {

// How many compute threads are pinned now; 0: none.  Each change has a number of its own, by which a thread
// knows whether it has followed it.
std::atomic<int64_t> pinned_threads = 0, changes = 0;

cpu_set_t SetOf(std::vector<int>::const_iterator begin, std::vector<int>::const_iterator end) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (auto core = begin; core != end; ++core) CPU_SET(*core, &set);
  return set;
}

// Of the calling thread.
void RunOn(const cpu_set_t& cores) {
  if (::sched_setaffinity(0, sizeof cores, &cores) != 0)
    throw RunError("cannot choose the cores of a thread: {}", std::strerror(errno));
}

// Called by each compute thread before it takes a share of a kernel.
void FollowChange(int thread) {
  thread_local int64_t followed = 0;
  const int64_t change = changes.load(std::memory_order_relaxed);
  if (followed == change) return;
  followed = change;
  const std::vector<int>& all = AllowedCores();
  const bool pinned = thread < pinned_threads.load(std::memory_order_relaxed);
  RunOn(pinned ? SetOf(all.begin() + thread, all.begin() + thread + 1) : SetOf(all.begin(), all.end()));
}

// Makes every thread of the pool follow the change.
void Change(int64_t pinned) {
  AllowedCores();  // before any thread is pinned
  pinned_threads = pinned;
  ++changes;
  SetShareHook(FollowChange);
  const int64_t threads = at::get_num_threads();
  ParallelFor(0, threads, 1, [](int64_t, int64_t) {});
}

}  // namespace

void PinComputeThreads(int64_t threads) {
  const int64_t cores = std::ssize(AllowedCores());
  if (threads > cores) throw UserError("{} pinned threads need as many cores, found {}", threads, cores);
  if (pinned_threads == threads) return;
  Change(threads);
}

void UnpinComputeThreads() {
  if (pinned_threads > 0) Change(0);
}

OnHelperCores::OnHelperCores() {
  const int64_t pinned = pinned_threads;
  if (pinned == 0) return;
  const std::vector<int>& all = AllowedCores();
  if (::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
  const bool none_left = pinned == std::ssize(all);
  RunOn(SetOf(all.begin() + (none_left ? 0 : pinned), all.end()));
  moved_ = true;
}

OnHelperCores::~OnHelperCores() {
  if (moved_) ::sched_setaffinity(0, sizeof before_, &before_);
}

}  // namespace plelab
