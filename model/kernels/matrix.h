// A weight as the kernels see it: bytes and a shape.  Free of torch.
#pragma once

#include <cstdint>

#include "model/base/error.h"

namespace plelab {

enum class ElementType { kFloat32, kBFloat16 };

// Any alignment; the elements of a row are contiguous.
struct MatrixView {
  const void* data = nullptr;
  ElementType type = ElementType::kFloat32;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // elements from one row to the next, ≥ cols
};

inline int64_t ElementBytes(ElementType type) { return type == ElementType::kFloat32 ? 4 : 2; }
inline int64_t RowBytes(const MatrixView& m) { return m.cols * ElementBytes(m.type); }

// The most vectors that one call multiplies by a matrix.  Beyond that a matrix product is faster.
inline constexpr int64_t kMaxVectors = 8;
// Throws RunError unless count is in 1 … kMaxVectors.
inline void CheckVectors(int64_t count) {
  if (count < 1 || count > kMaxVectors)
    throw RunError("a kernel takes 1 to {} vectors, not {}", kMaxVectors, count);
}

}  // namespace plelab
