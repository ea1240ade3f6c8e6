#include "model/ple/cache/row_slab.h"

#include <vector>

namespace plelab {

void RowSlab::Use(std::span<const int64_t> rows, const std::function<void(int64_t, std::byte*)>& fill) {
  std::vector<int64_t> entered;  // positions in `rows`
  for (int64_t i = 0; i < std::ssize(rows); ++i) {
    if (policy_->Touch(rows[i]) != EvictionPolicy::kNone) continue;
    if (policy_->Admit(rows[i]).slot != EvictionPolicy::kNone) entered.push_back(i);
  }
  for (const int64_t i : entered) {
    const int32_t slot = policy_->Find(rows[i]);
    if (slot != EvictionPolicy::kNone) fill(i, At(slot));
  }
}

}  // namespace plelab
