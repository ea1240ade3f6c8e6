// A fixed number of rows in RAM; the one that was used longest ago leaves first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/base/anonymous_memory.h"

namespace plelab {

// Beside the rows themselves it keeps 4 bytes per row of the table and 12 per row held.  Not thread-safe.
class LruRows {
 public:
  // Holds up to `capacity` rows (0 ≤ capacity ≤ vocab) of a table [vocab] with row_bytes each.
  LruRows(int64_t vocab, int64_t row_bytes, int64_t capacity);

  int64_t capacity() const { return capacity_; }
  int64_t fast_bytes() const { return slab_.size_bytes(); }
  // nullptr when the row is not held.  Its recency does not change.
  const std::byte* Find(int64_t row) const;
  // Makes `row` the most recent one; false when it is not held.
  bool Touch(int64_t row);
  // Takes in a row that is not held, as the most recent one, in the place of the least recent one when full;
  // returns where its bytes go.  REQUIRES capacity() > 0.
  std::byte* Insert(int64_t row);

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
