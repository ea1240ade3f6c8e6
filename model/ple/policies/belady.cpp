#include "model/ple/policies/belady.h"

#include <iterator>
#include <unordered_map>

namespace plelab {

std::vector<int64_t> NextUses(std::span<const int64_t> rows) {
  std::vector<int64_t> next(rows.size(), kNeverAgain);
  std::unordered_map<int64_t, int64_t> seen;
  for (int64_t i = std::ssize(rows) - 1; i >= 0; --i) {
    const auto found = seen.find(rows[i]);
    if (found != seen.end()) next[i] = found->second;
    seen[rows[i]] = i;
  }
  return next;
}

void BeladyPolicy::Used(int32_t slot) {
  ++asked_;
  by_next_.erase({used_next_[slot], slot});
  Entered(slot);
}

int32_t BeladyPolicy::ChooseVictim(int64_t) {
  const auto last = std::prev(by_next_.end());
  if (last->first <= NextUse()) return kNone;
  const int32_t slot = last->second;
  by_next_.erase(last);
  return slot;
}

void BeladyPolicy::Entered(int32_t slot) {
  used_next_[slot] = NextUse();
  by_next_.emplace(used_next_[slot], slot);
}

}  // namespace plelab
