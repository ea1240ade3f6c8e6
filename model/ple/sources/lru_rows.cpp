#include "model/ple/sources/lru_rows.h"

#include <algorithm>
#include <unordered_set>

namespace plelab {

LruRows::LruRows(int64_t vocab, int64_t row_bytes, int64_t capacity)
    : row_bytes_(row_bytes),
      capacity_(capacity),
      slab_(capacity_ * row_bytes, PageSize::kHuge),
      slot_of_row_(vocab, -1),
      newer_(capacity_ + 1),
      older_(capacity_ + 1) {
  row_of_slot_.reserve(capacity_);
  newer_.back() = older_.back() = static_cast<Slot>(capacity_);
}

const std::byte* LruRows::Find(int64_t row) const {
  const Slot slot = slot_of_row_[row];
  return slot < 0 ? nullptr : At(slot);
}

bool LruRows::Touch(int64_t row) {
  const Slot slot = slot_of_row_[row];
  if (slot < 0) return false;
  Unlink(slot);
  LinkAsNewest(slot);
  return true;
}

std::byte* LruRows::Insert(int64_t row) {
  auto slot = static_cast<Slot>(row_of_slot_.size());
  if (slot < capacity_) {
    row_of_slot_.push_back(static_cast<int32_t>(row));
  } else {
    slot = newer_[capacity_];
    Unlink(slot);
    slot_of_row_[row_of_slot_[slot]] = -1;
    row_of_slot_[slot] = static_cast<int32_t>(row);
  }
  slot_of_row_[row] = slot;
  LinkAsNewest(slot);
  return At(slot);
}

std::vector<int32_t> LruRows::PositionsToUse(std::span<const int64_t> rows) const {
  return MostRecentPositions(rows, capacity_);
}

void LruRows::Unlink(Slot slot) {
  newer_[older_[slot]] = newer_[slot];
  older_[newer_[slot]] = older_[slot];
}

void LruRows::LinkAsNewest(Slot slot) {
  const auto head = static_cast<Slot>(capacity_);
  const Slot newest = older_[head];
  older_[slot] = newest;
  newer_[slot] = head;
  newer_[newest] = slot;
  older_[head] = slot;
}

std::vector<int32_t> MostRecentPositions(std::span<const int64_t> rows, int64_t capacity) {
  if (rows.size() == 1 && capacity > 0) return {0};  // a decode step
  std::vector<int32_t> positions;
  std::unordered_set<int64_t> seen;
  for (int64_t i = std::ssize(rows) - 1; i >= 0 && std::ssize(positions) < capacity; --i) {
    if (seen.insert(rows[i]).second) positions.push_back(static_cast<int32_t>(i));
  }
  std::reverse(positions.begin(), positions.end());
  return positions;
}

}  // namespace plelab
