// Large blocks of RAM straight from the kernel, with the page size that the caller asks for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plelab {

enum class PageSize { kHuge, k4KiB };

// A zero-filled block whose pages the kernel commits when they are first touched.  With kHuge the block is
// aligned to 2 MiB and transparent huge pages are requested, which the kernel may refuse; with k4KiB they are
// forbidden.
class AnonymousMemory {
 public:
  AnonymousMemory() = default;
  // Throws RunError when the kernel cannot map that much memory.
  AnonymousMemory(int64_t size_bytes, PageSize pages);
  AnonymousMemory(AnonymousMemory&& other) noexcept;
  AnonymousMemory& operator=(AnonymousMemory&& other) noexcept;
  ~AnonymousMemory();

  std::byte* data() const { return data_; }
  int64_t size_bytes() const { return size_bytes_; }

 private:
  std::byte* data_ = nullptr;
  int64_t size_bytes_ = 0;
  void* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
};

}  // namespace plelab
