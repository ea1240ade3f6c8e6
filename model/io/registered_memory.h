// A block of memory that the kernel knows (io_uring's registered buffers), lent out in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "model/base/anonymous_memory.h"

namespace plelab {

// Thread-safe.
class RegisteredMemory {
 public:
  static constexpr int64_t kPieceAlignment = 4096;

  explicit RegisteredMemory(int64_t size_bytes);

  std::byte* data() const { return memory_.data(); }
  int64_t size_bytes() const { return memory_.size_bytes(); }
  bool Holds(const std::byte* pointer) const { return pointer >= data() && pointer < data() + size_bytes(); }
  // A piece of at least this size, aligned to kPieceAlignment; nullptr when there is no such piece.
  std::byte* Take(int64_t size_bytes);
  // Takes back what Take returned.
  void Return(std::byte* piece);

 private:
  AnonymousMemory memory_;
  std::mutex mutex_;
  // Guarded by mutex_, by offset: the pieces that are free, neighbours merged, and those that are lent.
  std::map<int64_t, int64_t> free_, lent_;
};

}  // namespace plelab
