// The policy `s3fifo`: a small queue for new rows, a main queue for those that were used again, and a list of
// the numbers of rows that left the small one.
// Yang and others, "FIFO queues are all you need for cache eviction" (SOSP 2023).
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "model/ple/cache/eviction_policy.h"
#include "model/ple/cache/slot_queue.h"

namespace plelab {

// Row numbers in the order in which they entered; the oldest is forgotten when it is full.
class GhostQueue {
 public:
  explicit GhostQueue(int64_t capacity) : capacity_(capacity) {}
  void Push(int64_t row);
  // Returns whether it knew the row, and forgets it.
  bool Remove(int64_t row);

 private:
  int64_t capacity_;
  std::list<int64_t> oldest_first_;
  std::unordered_map<int64_t, std::list<int64_t>::iterator> place_of_row_;
};

// As libCacheSim has it today: a tenth of the capacity is the small queue, nine tenths are the main queue and
// as many ghosts; a row of the small queue moves to the main one if it was used twice there; while the cache
// fills for the first time, rows that the small queue cannot hold go to the main queue.
class S3FifoPolicy : public EvictionPolicy {
 public:
  explicit S3FifoPolicy(int64_t capacity);

 protected:
  void Used(int32_t slot) override { ++uses_[slot]; }
  void Missed(int64_t row) override { was_ghost_ = ghosts_.Remove(row); }
  int32_t ChooseVictim(int64_t row) override;
  void Entered(int32_t slot) override;

 private:
  int32_t EvictFromSmall();  // kNone when all its rows moved to the main queue
  int32_t EvictFromMain();

  int64_t small_capacity_, main_capacity_;
  SlotLinks links_;
  SlotQueue small_, main_;
  GhostQueue ghosts_;
  std::vector<int64_t> uses_;  // [capacity], since the row entered its queue; at most 3 count in the main one
  bool was_ghost_ = false;     // the row of the last Touch
  bool has_evicted_ = false;
};

}  // namespace plelab
