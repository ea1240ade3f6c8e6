// The policy `clock`: first in, first out, with a second chance for rows that were used meanwhile.
// Corbató, "A paging experiment with the Multics system" (1968).
#pragma once

#include <vector>

#include "model/ple/cache/eviction_policy.h"

namespace plelab {

// The slots form a ring.  The hand passes over rows that were used since it came by last, and takes that mark
// from them; the first row without a mark leaves.
class ClockPolicy : public EvictionPolicy {
 public:
  explicit ClockPolicy(int64_t capacity) : EvictionPolicy(capacity), used_(capacity) {}

 protected:
  void Used(int32_t slot) override { used_[slot] = true; }
  int32_t ChooseVictim(int64_t) override {
    while (used_[hand_]) {
      used_[hand_] = false;
      Advance();
    }
    const int32_t victim = hand_;
    Advance();
    return victim;
  }
  void Entered(int32_t slot) override { used_[slot] = false; }

 private:
  void Advance() { hand_ = hand_ + 1 == capacity() ? 0 : hand_ + 1; }

  std::vector<bool> used_;  // [capacity]
  int32_t hand_ = 0;
};

}  // namespace plelab
