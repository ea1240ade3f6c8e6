// Scratch memory of a kernel.
#pragma once

#include <hwy/aligned_allocator.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace plelab {

// Grows and is kept for the next call.  Aligned, so that no load of what is packed in it crosses a cache
// line.
class KeptScratch {
 public:
  // At least so many bytes; what was in it is lost when it grows.
  std::byte* AtLeast(int64_t bytes) {
    if (bytes > size_) {
      size_ = 0;
      data_ = hwy::AllocateAligned<std::byte>(static_cast<size_t>(bytes));
      if (data_ == nullptr) throw std::bad_alloc();
      size_ = bytes;
    }
    return data_.get();
  }

 private:
  hwy::AlignedFreeUniquePtr<std::byte[]> data_;
  int64_t size_ = 0;
};

}  // namespace plelab
