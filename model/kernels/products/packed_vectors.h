// The vectors of one product in the form that its kernel reads: made once per call, not once per row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/matrix.h"

namespace plelab {

// Vectors that one tile of a kernel takes side by side.
inline constexpr int64_t kTileVectors = 4;

struct PackedVectors {
  const std::byte* data = nullptr;
  int64_t count = 0;
};

// Quantised weights take quantised vectors.  Each is one block of bytes: QuantisedHead, then the codes.
//   kInt8: the codes in order, padded with zeros to a multiple of kCodeBlock.
//   kInt4: for each 128 values 64 codes that meet the lower nibbles, 64 that meet the upper ones, and 16
//   int32 that take away the 8 which is in every nibble: −8 · the sum of the 4 + 4 codes of each 32-bit lane.
inline constexpr int64_t kCodeBlock = 64;
inline constexpr int64_t kNibbleValues = 128;
struct alignas(kCodeBlock) QuantisedHead {
  float scale = 0;     // value = code · scale; NaN when a value is infinite or not a number
  int32_t excess = 0;  // kInt8: 128 times the sum of all codes, which unsigned weights add to every sum
};

// Bytes of one packed vector of `size` values for weights of `type`.
inline int64_t PackedBytes(ElementType type, int64_t size) {
  const auto blocks = [size](int64_t values) { return (size + values - 1) / values; };
  const auto head = static_cast<int64_t>(sizeof(QuantisedHead));
  switch (type) {
    case ElementType::kInt8:
      return head + blocks(kCodeBlock) * kCodeBlock;
    case ElementType::kInt4:
      return head + blocks(kNibbleValues) * 3 * kCodeBlock;
    default:
      return size * static_cast<int64_t>(sizeof(float));
  }
}

// One of `packed`, for weights with `size` columns.
struct PackedVector {
  const QuantisedHead* head;
  const uint8_t* codes;
};
inline PackedVector VectorOf(const PackedVectors& packed, ElementType type, int64_t size, int64_t v) {
  const std::byte* block = packed.data + v * PackedBytes(type, size);
  return {reinterpret_cast<const QuantisedHead*>(block),
          reinterpret_cast<const uint8_t*>(block + sizeof(QuantisedHead))};
}

}  // namespace plelab
