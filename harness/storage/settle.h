// Lets the machine settle before a turn: what the turn before it left in the device's queue is over, and a
// fixed time passes, whoever ran before.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace plelab {

// Requests that a disk is serving now, from /sys/block/DISK/stat: the ninth number, "I/Os currently in
// progress" (Documentation/block/stat.rst).  0 for text that has no such number.
int64_t RequestsInFlight(std::string_view stat);

// The queue of the disk that a file lies on.  A partition's disk counts, because its partitions share the
// queue.  A file without a disk (tmpfs, overlay, NFS) has nothing to wait for.
class DiskQueue {
 public:
  explicit DiskQueue(const std::string& path_of_file);
  ~DiskQueue();
  DiskQueue(const DiskQueue&) = delete;
  DiskQueue& operator=(const DiskQueue&) = delete;

  // Requests in flight now; 0 without a disk.
  int64_t in_flight() const;

 private:
  int fd_ = -1;
};

// The longest that a turn waits for the device.
inline constexpr int64_t kMostSettleNs = 5'000'000;

class Settler {
 public:
  using InFlight = std::function<int64_t()>;
  // `gap_ns` is design.settle.
  Settler(int64_t gap_ns, InFlight in_flight) : gap_ns_(gap_ns), in_flight_(std::move(in_flight)) {}

  // Waits until no request is in flight, or for kMostSettleNs; calls `prepare`, if there is one; and returns
  // gap_ns later.  The time is spun by the harness's clock and not slept: a core that wakes up is slower.
  // With a gap of 0 it only calls `prepare`.  Returns false where a request was still in flight.
  bool Settle(const std::function<void()>& prepare = {}) const;

 private:
  int64_t gap_ns_;
  InFlight in_flight_;
};

// The settler of the disks that these files lie on.
Settler SettlerFor(int64_t gap_ns, const std::set<std::string>& files);

}  // namespace plelab
