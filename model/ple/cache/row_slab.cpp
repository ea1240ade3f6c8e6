#include "model/ple/cache/row_slab.h"

#include <unordered_map>

namespace plelab {

void RowSlab::Use(std::span<const int64_t> rows, const std::function<void(int64_t, std::byte*)>& fill) {
  std::unordered_map<int64_t, int64_t> entered;  // the row that entered a slot last, as a position in `rows`
  for (int64_t i = 0; i < std::ssize(rows); ++i) {
    if (policy_->Touch(rows[i]) != EvictionPolicy::kNone) continue;
    const int32_t slot = policy_->Admit(rows[i]).slot;
    if (slot != EvictionPolicy::kNone) entered[slot] = i;
  }
  for (const auto& [slot, i] : entered) fill(i, At(static_cast<int32_t>(slot)));
}

}  // namespace plelab
