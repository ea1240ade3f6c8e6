// The cache policy `lru`: the row that was used longest ago leaves first.
#pragma once

#include "model/base/anonymous_memory.h"
#include "model/ple/sources/row_cache.h"

namespace plelab {

// Beside the rows themselves it keeps 4 bytes per row of the table and 12 per row held.  Not thread-safe.
class LruRows : public RowCache {
 public:
  // Holds up to `capacity` rows (0 ≤ capacity ≤ vocab) of a table [vocab] with row_bytes each.
  LruRows(int64_t vocab, int64_t row_bytes, int64_t capacity);

  int64_t capacity() const override { return capacity_; }
  int64_t fast_bytes() const override { return slab_.size_bytes(); }
  const std::byte* Find(int64_t row) const override;
  // Both make `row` the most recent one.
  bool Touch(int64_t row) override;
  std::byte* Insert(int64_t row) override;
  std::vector<int32_t> PositionsToUse(std::span<const int64_t> rows) const override;

 private:
  using Slot = int32_t;
  std::byte* At(Slot slot) const { return slab_.data() + slot * row_bytes_; }
  void Unlink(Slot slot);
  void LinkAsNewest(Slot slot);

  int64_t row_bytes_;
  int64_t capacity_;
  AnonymousMemory slab_;              // [capacity, row_bytes]; committed as it fills
  std::vector<Slot> slot_of_row_;     // [vocab], −1: not held
  std::vector<int32_t> row_of_slot_;  // [held]
  // A ring through the slots in the order of use; element `capacity` is its head: newer(head) is the least
  // recent row.
  std::vector<Slot> newer_, older_;  // [capacity + 1]
};

// The rows that remain after `rows` were used one by one, were there room for `capacity`: the last distinct
// ones, the least recent first.
std::vector<int32_t> MostRecentPositions(std::span<const int64_t> rows, int64_t capacity);

}  // namespace plelab
