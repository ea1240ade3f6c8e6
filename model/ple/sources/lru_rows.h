// The cache policy `lru`: the least recently used row is evicted first.
#pragma once

#include "model/base/anonymous_memory.h"
#include "model/ple/sources/row_cache.h"

namespace plelab {

// In addition to the rows themselves it needs 4 bytes per row of the table and 12 per row held.  Not
// thread-safe.
class LruRows : public RowCache {
 public:
  // Holds up to `capacity` rows, 0 ≤ capacity ≤ vocab, of a table of `vocab` rows with row_bytes bytes each.
  LruRows(int64_t vocab, int64_t row_bytes, int64_t capacity);

  int64_t capacity() const override { return capacity_; }
  int64_t held() const override { return std::ssize(row_of_slot_); }
  int64_t fast_bytes() const override { return slab_.size_bytes(); }
  const std::byte* Find(int64_t row) const override;
  // Touch and Insert make `row` the most recently used one.
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
  AnonymousMemory slab_;              // [capacity, row_bytes]; its pages are committed as it fills
  std::vector<Slot> slot_of_row_;     // [vocab]; −1 for a row that is not held
  std::vector<int32_t> row_of_slot_;  // [held]
  // A ring through the slots in the order of use.  Element `capacity` is its head: newer_[head] is the least
  // recently used row.
  std::vector<Slot> newer_, older_;  // [capacity + 1]
};

// The positions in `rows` of the rows that an LRU cache of `capacity` rows would hold after using all of them
// one by one: the last distinct ones, the least recent first.
std::vector<int32_t> MostRecentPositions(std::span<const int64_t> rows, int64_t capacity);

}  // namespace plelab
