#include "model/ple/layer_major_rows.h"

#include <cstring>

#include "model/base/error.h"

namespace plelab {
namespace {

// From this size on, the page faults that huge pages save outweigh the cost of their alignment.
constexpr int64_t kLargeBytes = 8 * 1024 * 1024;

}  // namespace

void CheckPleLayer(const PleGeometry& geometry, int64_t layer) {
  if (layer >= 0 && layer < geometry.layers) return;
  throw RunError("PLE rows of layer {} asked; the table has layers 0 to {}", layer, geometry.layers - 1);
}

LayerMajorRows::LayerMajorRows(const PleGeometry& geometry, int64_t n) : geometry_(geometry), n_(n) {
  const int64_t size = n * geometry.row_bytes();
  if (size < kLargeBytes) {
    small_ = std::make_unique_for_overwrite<std::byte[]>(size);
    data_ = small_.get();
  } else {
    large_ = AnonymousMemory(size, PageSize::kHuge);
    data_ = large_.data();
  }
}

void LayerMajorRows::Put(int64_t position, const std::byte* row) {
  if (n_ == 1) {
    std::memcpy(data_, row, geometry_.row_bytes());
    return;
  }
  for (int64_t layer = 0; layer < geometry_.layers; ++layer) {
    PutLayer(layer, position, row + layer * geometry_.layer_bytes());
  }
}

void LayerMajorRows::PutLayer(int64_t layer, int64_t position, const std::byte* values) {
  std::memcpy(At(layer, position), values, geometry_.layer_bytes());
}

void LayerMajorRows::Get(int64_t position, std::byte* row) const {
  for (int64_t layer = 0; layer < geometry_.layers; ++layer) {
    std::memcpy(row + layer * geometry_.layer_bytes(), At(layer, position), geometry_.layer_bytes());
  }
}

std::span<const std::byte> LayerMajorRows::Layer(int64_t layer) const {
  CheckPleLayer(geometry_, layer);
  return {At(layer, 0), static_cast<size_t>(n_ * geometry_.layer_bytes())};
}

}  // namespace plelab
