// Queues of the slots of a cache, in which a slot moves or leaves in constant time.
#pragma once

#include <cstdint>
#include <vector>

namespace plelab {

// The links of all slots of a cache.  Several queues share them, because a slot is in at most one queue.
struct SlotLinks {
  explicit SlotLinks(int64_t slots) : newer(slots), older(slots) {}
  std::vector<int32_t> newer, older;  // [slots]
};

// The order in which slots entered it; the oldest is at the front.
class SlotQueue {
 public:
  static constexpr int32_t kNone = -1;

  explicit SlotQueue(SlotLinks& links) : links_(links) {}

  int64_t size() const { return size_; }
  int32_t oldest() const { return oldest_; }  // kNone when the queue is empty
  int32_t newest() const { return newest_; }
  // The slot that entered next after this one; kNone for the newest.  REQUIRES that the slot is in this
  // queue.
  int32_t NewerThan(int32_t slot) const { return links_.newer[slot]; }

  // REQUIRES that the slot is in no queue.
  void PushNewest(int32_t slot) {
    links_.older[slot] = newest_;
    links_.newer[slot] = kNone;
    (newest_ == kNone ? oldest_ : links_.newer[newest_]) = slot;
    newest_ = slot;
    ++size_;
  }
  // REQUIRES that the slot is in this queue.
  void Remove(int32_t slot) {
    const int32_t newer = links_.newer[slot], older = links_.older[slot];
    (older == kNone ? oldest_ : links_.newer[older]) = newer;
    (newer == kNone ? newest_ : links_.older[newer]) = older;
    --size_;
  }
  int32_t PopOldest() {
    const int32_t slot = oldest_;
    Remove(slot);
    return slot;
  }
  void MoveToNewest(int32_t slot) {
    Remove(slot);
    PushNewest(slot);
  }

 private:
  SlotLinks& links_;
  int32_t oldest_ = kNone, newest_ = kNone;
  int64_t size_ = 0;
};

}  // namespace plelab
