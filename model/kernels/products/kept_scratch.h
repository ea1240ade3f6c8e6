// Scratch memory of a kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
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
      const auto size = (static_cast<size_t>(bytes) + kLine - 1) / kLine * kLine;
      data_.reset(static_cast<std::byte*>(std::aligned_alloc(kLine, size)));
      if (data_ == nullptr) throw std::bad_alloc();
      size_ = bytes;
    }
    return data_.get();
  }

 private:
  static constexpr size_t kLine = 64;
  struct Free {
    void operator()(std::byte* data) const { std::free(data); }
  };
  std::unique_ptr<std::byte[], Free> data_;
  int64_t size_ = 0;
};

}  // namespace plelab
