// When the reads of a device would be done: a queue with servers, in virtual time.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "model/devices/device_profile.h"
#include "model/devices/read_limit.h"

namespace plelab {

// Each read passes the kernel's limit where there is one, waits for the first free one of the parallel units,
// takes a latency drawn from the profile, and moves its bytes over a bus that all reads share:
//   busy   = busy_share · latency + what the transfer takes beyond that of kReadBytes   (of a unit)
//   done   = begin + latency, moved back by what the bus is busy with other transfers
// Alone, a read of kReadBytes takes exactly its draw; at saturation reads of kReadBytes come at `iops`, large
// ones at the bandwidth.
class DeviceQueue {
 public:
  // Two queues of the same seed draw the same latencies.
  DeviceQueue(const DeviceProfile& profile, uint64_t seed);

  // When a read of `bytes` bytes is done that is submitted at `submitted_ns`.  Calls come in the order of
  // submission: submitted_ns never descends.  Less than kReadBytes takes as long as kReadBytes.
  int64_t Done(int64_t submitted_ns, int64_t bytes);

 private:
  int64_t DrawLatencyNs();
  int64_t TransferNs(int64_t bytes) const;
  int64_t EndOfTransfer(int64_t ready_ns, int64_t transfer_ns);

  DeviceProfile profile_;
  double busy_share_;
  uint64_t seed_;
  uint64_t drawn_ = 0;
  ReadLimit limit_;
  std::vector<int64_t> free_at_ns_;          // [parallel_units], a heap with the earliest first
  std::map<int64_t, int64_t> transfers_ns_;  // begin and end of those that may still be in the way
};

}  // namespace plelab
