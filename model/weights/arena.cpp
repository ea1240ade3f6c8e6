#include "model/weights/arena.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "model/base/error.h"

namespace plelab {

std::shared_ptr<Arena> Arena::Create(int64_t bytes) {
  // Whole huge pages, so that the last of them is one, too.
  constexpr int64_t kHugePage = 2 << 20;
  const int64_t whole = std::max<int64_t>((bytes + kHugePage - 1) / kHugePage, 1) * kHugePage;
  return std::shared_ptr<Arena>(new Arena(AnonymousMemory(whole, PageSize::kHuge), bytes));
}

torch::Tensor Arena::Allocate(const std::vector<int64_t>& shape, torch::ScalarType type) {
  const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  const int64_t bytes = Padded(count * static_cast<int64_t>(torch::elementSize(type)));
  if (bytes > size_bytes_ - used_bytes_) {
    throw RunError("the arena of {} bytes is full: {} are used, and {} more were requested", size_bytes_,
                   used_bytes_, bytes);
  }
  std::byte* data = memory_.data() + used_bytes_;
  used_bytes_ += bytes;
  const auto owner = shared_from_this();
  return torch::from_blob(
      data, shape, [owner](void*) {}, torch::TensorOptions().dtype(type));
}

}  // namespace plelab
