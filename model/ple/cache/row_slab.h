// A cache of rows: a slab of memory beside the policy that decides which rows are in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "model/base/anonymous_memory.h"
#include "model/ple/cache/eviction_policy.h"

namespace plelab {

// Rows are numbered as in the table; each has row_bytes bytes.  Not thread-safe.
class RowSlab {
 public:
  RowSlab(std::unique_ptr<EvictionPolicy> policy, int64_t row_bytes)
      : policy_(std::move(policy)),
        row_bytes_(row_bytes),
        slots_(policy_->capacity() * row_bytes, PageSize::kHuge) {}

  // RAM for rows, whose pages are committed as they fill.  The policy's own lists are not counted; they take
  // one to two hundred bytes for each row of the capacity.
  int64_t fast_bytes() const { return slots_.size_bytes(); }
  int64_t held_bytes() const { return policy_->held() * row_bytes_; }
  // The bytes of the row, or nullptr when it is not held.  Looking is not a use.
  const std::byte* Find(int64_t row) const {
    const int32_t slot = policy_->Find(row);
    return slot == EvictionPolicy::kNone ? nullptr : At(slot);
  }
  // Counts a use of each of the rows, one after another, so that those which the policy takes in are held
  // from now on.  fill(position, to) must write the bytes of rows[position], or note the place and write them
  // before anything else is asked of this slab; it must not throw.  It is called once for each row that
  // entered and is held at the end, in any order, and not for rows that had to leave again meanwhile.
  void Use(std::span<const int64_t> rows, const std::function<void(int64_t, std::byte*)>& fill);

 private:
  std::byte* At(int32_t slot) const { return slots_.data() + slot * row_bytes_; }

  std::unique_ptr<EvictionPolicy> policy_;
  int64_t row_bytes_;
  AnonymousMemory slots_;  // [capacity, row_bytes]
};

}  // namespace plelab
