// A weight as the kernels see it: bytes and a shape.  Free of torch.
#pragma once

#include <cstdint>

#include "model/base/error.h"

namespace plelab {

// Quantised values are codes times a scale, without a zero point.
//   kInt8: a code is a signed byte; each row has one float32 scale.
//   kInt4: a code is a nibble minus 8.  16 bytes hold 32 consecutive values: byte j has value j in its lower
//   nibble and value 16 + j in its upper one, as in llama.cpp's Q4_0.  Each `group` of a row's values has one
//   float16 scale.
enum class ElementType { kFloat32, kBFloat16, kInt8, kInt4 };
inline bool IsQuantised(ElementType type) { return type == ElementType::kInt8 || type == ElementType::kInt4; }

// Consecutive int4 values that share their bytes.
inline constexpr int64_t kNibbleBlock = 32;

// Any alignment; the elements of a row are contiguous.
struct MatrixView {
  const void* data = nullptr;
  ElementType type = ElementType::kFloat32;
  int64_t rows = 0;
  int64_t cols = 0;              // of int4: a multiple of kNibbleBlock
  int64_t stride = 0;            // elements from one row to the next, ≥ cols
  const void* scales = nullptr;  // kInt8: float32 [rows]; kInt4: float16 [rows, columns / group]
  int64_t group = 0;             // kInt4: values that share a scale, kNibbleBlock times a power of two
  int64_t scale_stride = 1;      // scales from one row to the next
};

// Bytes of `count` elements, without scales.  An even count for kInt4.
inline int64_t ElementBytes(ElementType type, int64_t count = 1) {
  switch (type) {
    case ElementType::kFloat32:
      return 4 * count;
    case ElementType::kBFloat16:
      return 2 * count;
    case ElementType::kInt8:
      return count;
    case ElementType::kInt4:
      return count / 2;
  }
  throw RunError("element type {} is not known", static_cast<int>(type));
}
// Bytes that reading one row takes, with its scales.
inline int64_t RowBytes(const MatrixView& m) {
  const int64_t values = ElementBytes(m.type, m.cols);
  if (m.type == ElementType::kInt8) return values + 4;
  return m.type == ElementType::kInt4 ? values + 2 * ((m.cols + m.group - 1) / m.group) : values;
}
inline const void* RowData(const MatrixView& m, int64_t row) {
  return static_cast<const char*>(m.data) + ElementBytes(m.type, row * m.stride);
}
// The scales of one row, nullptr where there are none.
inline const void* RowScales(const MatrixView& m, int64_t row) {
  if (!IsQuantised(m.type)) return nullptr;
  return static_cast<const char*>(m.scales) + (m.type == ElementType::kInt8 ? 4 : 2) * row * m.scale_stride;
}
// Rows [first, first + count).
inline MatrixView RowRange(MatrixView m, int64_t first, int64_t count) {
  m.data = RowData(m, first);
  m.scales = RowScales(m, first);
  m.rows = count;
  return m;
}

// The most vectors that one call multiplies by a matrix.  Beyond that a matrix product is faster.
inline constexpr int64_t kMaxVectors = 8;
// Throws RunError unless count is in 1 … kMaxVectors.
inline void CheckVectors(int64_t count) {
  if (count < 1 || count > kMaxVectors)
    throw RunError("a kernel takes 1 to {} vectors, not {}", kMaxVectors, count);
}

}  // namespace plelab
