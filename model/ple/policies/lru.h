// The policy `lru`: the row that was used longest ago leaves first.
#pragma once

#include "model/ple/cache/eviction_policy.h"
#include "model/ple/cache/slot_queue.h"

namespace plelab {

class LruPolicy : public EvictionPolicy {
 public:
  explicit LruPolicy(int64_t capacity) : EvictionPolicy(capacity), links_(capacity), by_use_(links_) {}

 protected:
  void Used(int32_t slot) override { by_use_.MoveToNewest(slot); }
  int32_t ChooseVictim(int64_t) override { return by_use_.PopOldest(); }
  void Entered(int32_t slot) override { by_use_.PushNewest(slot); }

 private:
  SlotLinks links_;
  SlotQueue by_use_;
};

}  // namespace plelab
