#include "model/ple/policies/s3fifo.h"

#include <algorithm>

namespace plelab {
namespace {

constexpr int64_t kUsesForMain = 2;
constexpr int64_t kMostUses = 3;  // two bits in the paper

}  // namespace

void GhostQueue::Push(int64_t row) {
  if (capacity_ == 0 || place_of_row_.contains(row)) return;
  if (std::ssize(place_of_row_) == capacity_) {
    place_of_row_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  place_of_row_[row] = oldest_first_.insert(oldest_first_.end(), row);
}

bool GhostQueue::Remove(int64_t row) {
  const auto found = place_of_row_.find(row);
  if (found == place_of_row_.end()) return false;
  oldest_first_.erase(found->second);
  place_of_row_.erase(found);
  return true;
}

S3FifoPolicy::S3FifoPolicy(int64_t capacity)
    : EvictionPolicy(capacity),
      small_capacity_(std::max<int64_t>(1, capacity / 10)),
      main_capacity_(capacity - small_capacity_),
      links_(capacity),
      small_(links_),
      main_(links_),
      ghosts_(capacity * 9 / 10),
      uses_(capacity) {}

int32_t S3FifoPolicy::ChooseVictim(int64_t) {
  has_evicted_ = true;
  while (true) {
    const bool from_main = main_.size() > main_capacity_ || small_.size() == 0;
    const int32_t victim = from_main ? EvictFromMain() : EvictFromSmall();
    if (victim != kNone) return victim;
  }
}

int32_t S3FifoPolicy::EvictFromSmall() {
  while (small_.size() > 0) {
    const int32_t slot = small_.PopOldest();
    if (uses_[slot] < kUsesForMain) {
      ghosts_.Push(RowIn(slot));
      return slot;
    }
    uses_[slot] = 0;
    main_.PushNewest(slot);
  }
  return kNone;
}

int32_t S3FifoPolicy::EvictFromMain() {
  while (uses_[main_.oldest()] > 0) {
    const int32_t slot = main_.oldest();
    uses_[slot] = std::min(uses_[slot], kMostUses) - 1;
    main_.MoveToNewest(slot);
  }
  return main_.PopOldest();
}

void S3FifoPolicy::Entered(int32_t slot) {
  uses_[slot] = 0;
  const bool filling = !has_evicted_ && small_.size() >= small_capacity_;
  (was_ghost_ || filling ? main_ : small_).PushNewest(slot);
  was_ghost_ = false;
}

}  // namespace plelab
