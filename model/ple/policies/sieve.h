// The policy `sieve`: as clock, but rows that stay keep their place, so that new rows are looked at first.
// Zhang and others, "SIEVE is simpler than LRU" (NSDI 2024).
#pragma once

#include <vector>

#include "model/ple/cache/eviction_policy.h"
#include "model/ple/cache/slot_queue.h"

namespace plelab {

// The hand moves from the oldest row to the newest one and then starts again at the oldest.
class SievePolicy : public EvictionPolicy {
 public:
  explicit SievePolicy(int64_t capacity)
      : EvictionPolicy(capacity), used_(capacity), links_(capacity), by_age_(links_) {}

 protected:
  void Used(int32_t slot) override { used_[slot] = true; }
  int32_t ChooseVictim(int64_t) override {
    int32_t victim = AtHand();
    while (used_[victim]) {
      used_[victim] = false;
      hand_ = by_age_.NewerThan(victim);
      victim = AtHand();
    }
    hand_ = by_age_.NewerThan(victim);
    by_age_.Remove(victim);
    return victim;
  }
  void Entered(int32_t slot) override {
    used_[slot] = false;
    by_age_.PushNewest(slot);
  }

 private:
  int32_t AtHand() const { return hand_ == kNone ? by_age_.oldest() : hand_; }

  std::vector<bool> used_;  // [capacity]
  SlotLinks links_;
  SlotQueue by_age_;
  int32_t hand_ = kNone;  // kNone: at the oldest row
};

}  // namespace plelab
