#include "model/weights/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

#include "model/base/error.h"

namespace plelab {

std::shared_ptr<Arena> Arena::Create(int64_t bytes) {
  constexpr int64_t kHugePage = 2 << 20;
  // A mapping starts at a huge-page boundary only by chance, so one more huge page is requested and the rest
  // is cut off.
  const int64_t size = std::max<int64_t>((bytes + kHugePage - 1) / kHugePage, 1) * kHugePage;
  const int64_t mapped = size + kHugePage;
  void* start =
      ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) {
    throw RunError("cannot get {} bytes of memory for weights: {}", bytes, std::strerror(errno));
  }
  auto* first = static_cast<std::byte*>(start);
  const auto misalignment = reinterpret_cast<uintptr_t>(first) % kHugePage;
  const int64_t head = misalignment == 0 ? 0 : kHugePage - static_cast<int64_t>(misalignment);
  if (head > 0) ::munmap(first, head);
  if (kHugePage - head > 0) ::munmap(first + head + size, kHugePage - head);
  ::madvise(first + head, size, MADV_HUGEPAGE);  // kernels without huge pages use small ones
  return std::shared_ptr<Arena>(new Arena(first + head, bytes, size));
}

Arena::~Arena() { ::munmap(base_, mapped_bytes_); }

torch::Tensor Arena::Allocate(const std::vector<int64_t>& shape, torch::ScalarType type) {
  const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  const int64_t bytes = Padded(count * static_cast<int64_t>(torch::elementSize(type)));
  if (bytes > size_bytes_ - used_bytes_) {
    throw RunError("the arena of {} bytes is full: {} are used, and {} more were requested", size_bytes_,
                   used_bytes_, bytes);
  }
  std::byte* data = base_ + used_bytes_;
  used_bytes_ += bytes;
  const auto owner = shared_from_this();
  return torch::from_blob(
      data, shape, [owner](void*) {}, torch::TensorOptions().dtype(type));
}

}  // namespace plelab
