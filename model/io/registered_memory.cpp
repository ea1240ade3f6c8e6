#include "model/io/registered_memory.h"

#include <algorithm>
#include <iterator>

#include "model/io/rounding.h"

namespace plelab {

RegisteredMemory::RegisteredMemory(int64_t size_bytes)
    : memory_(RoundUp(size_bytes, kPieceAlignment), PageSize::k4KiB) {
  if (memory_.size_bytes() > 0) free_[0] = memory_.size_bytes();
}

std::byte* RegisteredMemory::Take(int64_t size_bytes) {
  const int64_t wanted = std::max(RoundUp(size_bytes, kPieceAlignment), kPieceAlignment);
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(free_, [&](const auto& piece) { return piece.second >= wanted; });
  if (found == free_.end()) return nullptr;
  const auto [offset, size] = *found;
  free_.erase(found);
  if (size > wanted) free_[offset + wanted] = size - wanted;
  lent_[offset] = wanted;
  return data() + offset;
}

void RegisteredMemory::Return(std::byte* piece) {
  const std::lock_guard lock(mutex_);
  const auto here = free_.insert(lent_.extract(piece - data())).position;  // without allocating
  const auto next = std::next(here);
  if (next != free_.end() && here->first + here->second == next->first) {
    here->second += next->second;
    free_.erase(next);
  }
  if (here == free_.begin()) return;
  const auto before = std::prev(here);
  if (before->first + before->second != here->first) return;
  before->second += here->second;
  free_.erase(here);
}

}  // namespace plelab
