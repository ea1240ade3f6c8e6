// dot_quantised-inl.h for a target without vectors: the same sums, value by value.  Included within the
// target's own namespace by that file only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/base/half_floats.h"
#include "model/kernels/matrix.h"
#include "model/kernels/products/packed_vectors.h"

namespace plelab {
namespace HWY_NAMESPACE {

// Calls value(row of w, vector of x) for each output of a tile.
template <size_t kOutputs, size_t kInputs, class F>
void EachOutput(const MatrixView& w, const int64_t (&row)[kOutputs], const PackedVectors& packed,
                int64_t first, float (&out)[kOutputs][kInputs], const F& value) {
  for (size_t v = 0; v < kInputs; ++v) {
    const PackedVector x = VectorOf(packed, w.type, w.cols, first + static_cast<int64_t>(v));
    for (size_t o = 0; o < kOutputs; ++o) out[o][v] = value(row[o], x) * x.head->scale;
  }
}

struct UnsignedDot {};  // the name that the caller knows

template <class>
struct Int8Dot {
  template <size_t kOutputs, size_t kInputs>
  static void Tile(const MatrixView& w, const int64_t (&row)[kOutputs], const PackedVectors& packed,
                   int64_t first, float (&out)[kOutputs][kInputs]) {
    EachOutput(w, row, packed, first, out, [&](int64_t r, const PackedVector& x) {
      const auto* from = static_cast<const int8_t*>(RowData(w, r));
      int32_t total = 0;
      for (int64_t i = 0; i < w.cols; ++i) total += from[i] * static_cast<int8_t>(x.codes[i]);
      return static_cast<float>(total) * static_cast<const float*>(w.scales)[r];
    });
  }
};

template <class>
struct Int4Dot {
  template <size_t kOutputs, size_t kInputs>
  static void Tile(const MatrixView& w, const int64_t (&row)[kOutputs], const PackedVectors& packed,
                   int64_t first, float (&out)[kOutputs][kInputs]) {
    EachOutput(w, row, packed, first, out, [&](int64_t r, const PackedVector& x) {
      const auto* from = static_cast<const uint8_t*>(RowData(w, r));
      const auto* scales = static_cast<const uint16_t*>(RowScales(w, r));
      float sum = 0;
      for (int64_t at = 0; at < w.cols / 2; at += kNibbleBlock / 2) {
        const uint8_t* codes = x.codes + at / 64 * 192 + at % 64;
        int32_t total = 0;
        for (int64_t i = 0; i < kNibbleBlock / 2; ++i) {
          total += ((from[at + i] & 15) - 8) * static_cast<int8_t>(codes[i]);
          total += ((from[at + i] >> 4) - 8) * static_cast<int8_t>(codes[kCodeBlock + i]);
        }
        sum += static_cast<float>(total) * FromFloat16(scales[2 * at / w.group]);
      }
      return sum;
    });
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace plelab
