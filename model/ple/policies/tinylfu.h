// The policy `tinylfu`: a row stays only if it was asked for more often than the one that it would replace.
// Einziger, Friedman and Manes, "TinyLFU: a highly efficient cache admission policy" (2017), W-TinyLFU.
#pragma once

#include <cstdint>
#include <vector>

#include "model/ple/cache/eviction_policy.h"
#include "model/ple/cache/slot_queue.h"
#include "model/ple/policies/frequency_sketch.h"

namespace plelab {

// One hundredth of the capacity, at least one row, is a window in which every new row starts.  The rest is a
// segmented LRU: a row on probation that is used again is protected, four fifths of the rest at most.  The
// row that leaves the window and the oldest row on probation are compared by how often they were asked for;
// the first stays only if that was more often.
class TinyLfuPolicy : public EvictionPolicy {
 public:
  explicit TinyLfuPolicy(int64_t capacity);

 protected:
  void Used(int32_t slot) override;
  void Missed(int64_t row) override { asked_.Add(row); }
  int32_t ChooseVictim(int64_t row) override;
  void Entered(int32_t slot) override;

 private:
  enum class Segment : uint8_t { kWindow, kProbation, kProtected };
  SlotQueue& QueueOf(Segment segment);
  void Move(int32_t slot, Segment to);

  int64_t window_capacity_, protected_capacity_;
  SlotLinks links_;
  SlotQueue window_, probation_, protected_;
  std::vector<Segment> segment_;  // [capacity]
  FrequencySketch asked_;
};

}  // namespace plelab
