// The optimum, which no cache can have: the row that is asked for again last leaves first, or does not enter.
// Belady, "A study of replacement algorithms for a virtual-storage computer" (MIN, 1966).
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "model/ple/cache/eviction_policy.h"

namespace plelab {

// For each request of a stream, the position of the next one for the same row, or kNeverAgain.
constexpr int64_t kNeverAgain = INT64_MAX;
std::vector<int64_t> NextUses(std::span<const int64_t> rows);

// Nobody can hit more often with this capacity, starting empty, when a row need not be kept that was just
// read.  It must be asked for exactly the rows that it was given, in their order.
class BeladyPolicy : public EvictionPolicy {
 public:
  BeladyPolicy(int64_t capacity, std::span<const int64_t> future)
      : EvictionPolicy(capacity), next_use_(NextUses(future)), used_next_(capacity) {}

 protected:
  void Used(int32_t slot) override;
  void Missed(int64_t) override { ++asked_; }
  int32_t ChooseVictim(int64_t row) override;
  void Entered(int32_t slot) override;

 private:
  int64_t NextUse() const { return next_use_[asked_ - 1]; }  // of the row of the last request

  std::vector<int64_t> next_use_;
  int64_t asked_ = 0;
  std::vector<int64_t> used_next_;                 // [capacity]: the next use of the row in each slot
  std::set<std::pair<int64_t, int32_t>> by_next_;  // (next use, slot)
};

}  // namespace plelab
