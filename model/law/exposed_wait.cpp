#include "model/law/exposed_wait.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "model/devices/device_queue.h"

namespace plelab {
namespace {

int64_t NsOf(double ms) { return std::llround(ms * 1e6); }

// Submits reads to the queue, at most `depth` under way: the next one when the first of those is done.
class Submitter {
 public:
  Submitter(DeviceQueue& queue, int64_t depth, int64_t begin_ns)
      : queue_(queue), depth_(depth), now_ns_(begin_ns) {}

  // When each of `reads` reads is done.
  std::vector<int64_t> DoneWith(int32_t reads, int64_t bytes) {
    std::vector<int64_t> done_ns;
    for (int32_t i = 0; i < reads; ++i) {
      if (std::ssize(under_way_ns_) >= depth_) {
        std::ranges::pop_heap(under_way_ns_, std::greater<>());
        now_ns_ = std::max(now_ns_, under_way_ns_.back());
        under_way_ns_.pop_back();
      }
      done_ns.push_back(queue_.Done(now_ns_, bytes));
      under_way_ns_.push_back(done_ns.back());
      std::ranges::push_heap(under_way_ns_, std::greater<>());
    }
    return done_ns;
  }

 private:
  DeviceQueue& queue_;
  int64_t depth_;
  int64_t now_ns_;
  std::vector<int64_t> under_way_ns_;  // a heap with the earliest first
};

// When all rows are collected that are needed at `needed_ns`.
int64_t CollectedAt(const std::vector<int64_t>& done_ns, int64_t needed_ns, int64_t collect_ns) {
  for (const int64_t done : done_ns) needed_ns = std::max(needed_ns, done) + collect_ns;
  return needed_ns;
}

}  // namespace

std::vector<double> ExposedWaitsUs(const WaitingSteps& steps, int64_t count, uint64_t seed) {
  DeviceQueue queue(steps.device, seed);
  std::vector<double> waits_us;
  int64_t begin_ns = 0;
  for (int64_t step = 0; step < count; ++step) {
    const std::vector<int32_t>& reads = steps.reads.reads.at(step % std::ssize(steps.reads.reads));
    Submitter submitter(queue, steps.queue_depth, begin_ns);
    int64_t waited_ns = 0;
    for (size_t group = 0; group < reads.size(); ++group) {
      const int64_t needed_ns = begin_ns + NsOf(steps.window_ms.at(group)) + waited_ns;
      const auto done_ns = submitter.DoneWith(reads[group], steps.read_bytes);
      waited_ns += CollectedAt(done_ns, needed_ns, NsOf(steps.collect_us / 1e3)) - needed_ns;
    }
    waits_us.push_back(static_cast<double>(waited_ns) / 1e3);
    begin_ns += NsOf(steps.step_ms) + waited_ns + NsOf(steps.pause_ms);
  }
  return waits_us;
}

}  // namespace plelab
