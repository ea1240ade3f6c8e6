#include "model/base/anonymous_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int64_t kHugePageBytes = 2 * 1024 * 1024;

}  // namespace

AnonymousMemory::AnonymousMemory(int64_t size_bytes, PageSize pages) : size_bytes_(size_bytes) {
  if (size_bytes == 0) return;
  const bool huge = pages == PageSize::kHuge;
  mapping_bytes_ = static_cast<size_t>(size_bytes + (huge ? kHugePageBytes : 0));
  mapping_ = ::mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED) {
    throw RunError("cannot allocate {} bytes of memory: {}", size_bytes,
                   std::system_category().message(errno));
  }
  auto address = reinterpret_cast<uintptr_t>(mapping_);
  if (huge) address = (address + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  data_ = reinterpret_cast<std::byte*>(address);
  ::madvise(mapping_, mapping_bytes_, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

AnonymousMemory::AnonymousMemory(AnonymousMemory&& other) noexcept { *this = std::move(other); }

AnonymousMemory& AnonymousMemory::operator=(AnonymousMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_bytes_, other.mapping_bytes_);
  return *this;
}

AnonymousMemory::~AnonymousMemory() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapping_bytes_);
}

}  // namespace plelab
