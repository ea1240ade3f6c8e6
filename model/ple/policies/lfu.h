// The policy `lfu`: the row that was used least often leaves first, with ageing.
// Arlitt and others, "Evaluating content management techniques for web proxy caches" (LFU-DA, 1999).
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "model/ple/cache/eviction_policy.h"

namespace plelab {

// A row's priority is the number of its uses since it entered, plus the age of the cache at its last use. The
// age is the priority of the row that left last, so that rows which were popular once do not stay forever. Of
// equal priorities the row that was used longer ago leaves.
class LfuPolicy : public EvictionPolicy {
 public:
  explicit LfuPolicy(int64_t capacity) : EvictionPolicy(capacity), uses_(capacity), standing_(capacity) {}

 protected:
  void Used(int32_t slot) override {
    by_priority_.erase(standing_[slot]);
    ++uses_[slot];
    Stand(slot);
  }
  int32_t ChooseVictim(int64_t) override {
    const Standing lowest = *by_priority_.begin();
    by_priority_.erase(by_priority_.begin());
    age_ = lowest.priority;
    return lowest.slot;
  }
  void Entered(int32_t slot) override {
    uses_[slot] = 1;
    Stand(slot);
  }

 private:
  struct Standing {
    int64_t priority = 0, used_at = 0;
    int32_t slot = 0;
    auto operator<=>(const Standing&) const = default;
  };
  void Stand(int32_t slot) {
    standing_[slot] = {uses_[slot] + age_, ++now_, slot};
    by_priority_.insert(standing_[slot]);
  }

  std::vector<int64_t> uses_;       // [capacity]
  std::vector<Standing> standing_;  // [capacity]: where each slot stands in by_priority_
  std::set<Standing> by_priority_;
  int64_t age_ = 0, now_ = 0;
};

}  // namespace plelab
