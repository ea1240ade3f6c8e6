// Dot products of rows of float32 or bfloat16 weights with float32 vectors.  Compiled once per instruction
// set, between the includer's HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE; hence the toggling guard.
#if defined(PLELAB_DOT_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PLELAB_DOT_FLOAT_INL_H_
#undef PLELAB_DOT_FLOAT_INL_H_
#else
#define PLELAB_DOT_FLOAT_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "model/kernels/load_pair-inl.h"
#include "model/kernels/matrix.h"
#include "model/kernels/products/matvec.h"
#include "model/kernels/products/packed_vectors.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

constexpr size_t kStep = 2 * kLanes;  // elements of a row that one step of the inner loop reads

// Packed vectors of float weights lie in the order that the inner loop needs, in groups of up to
// kTileVectors. For each step of the loop that is the two vectors of floats that match LoadPair's, one vector
// of the group after the other; then, for each vector, the elements that do not fill a whole step.
inline void PackFloatGroup(bool splits, const ConstVectors& x, size_t size, float* HWY_RESTRICT out) {
  const size_t whole = size - size % kStep;
  for (int64_t v = 0; v < x.count; ++v) {
    const float* HWY_RESTRICT source = x.data + v * x.stride;
    for (size_t j = 0; j < whole; j += kStep) {
      float* HWY_RESTRICT step = out + j * x.count + v * kStep;
      for (size_t k = 0; k < kLanes; ++k) {
        step[k] = source[j + (splits ? 2 * k : k)];
        step[kLanes + k] = source[j + (splits ? 2 * k + 1 : kLanes + k)];
      }
    }
    std::copy(source + whole, source + size, out + whole * x.count + v * (size - whole));
  }
}
inline void PackFloats(bool splits, const ConstVectors& x, int64_t size, float* out) {
  for (int64_t v = 0; v < x.count; v += kTileVectors) {
    const ConstVectors group{x.data + v * x.stride, std::min(kTileVectors, x.count - v), x.stride};
    PackFloatGroup(splits, group, static_cast<size_t>(size), out + v * size);
  }
}

// T: float, or uint16_t for the bits of a bfloat16.
template <class T>
struct FloatDot {
  // out[o][v] = row `row[o]` of w times vector first + v of x.  Each output owns one accumulator and a scalar
  // tail, whatever the tile, so results do not depend on how outputs and vectors are grouped.
  template <size_t kOutputs, size_t kInputs>
  static HWY_INLINE void Tile(const MatrixView& w, const int64_t (&row)[kOutputs],
                              const PackedVectors& packed, int64_t first, float (&out)[kOutputs][kInputs]) {
    const DF df;
    const auto size = static_cast<size_t>(w.cols);
    const float* HWY_RESTRICT x = reinterpret_cast<const float*>(packed.data) + first * w.cols;
    const T* from[kOutputs];
    for (size_t o = 0; o < kOutputs; ++o) from[o] = static_cast<const T*>(w.data) + row[o] * w.stride;
    VF sum[kOutputs][kInputs];
    for (size_t o = 0; o < kOutputs; ++o) {
      for (size_t v = 0; v < kInputs; ++v) sum[o][v] = hn::Zero(df);
    }
    size_t j = 0;
    for (; j + kStep <= size; j += kStep, x += kInputs * kStep) {
      for (size_t o = 0; o < kOutputs; ++o) {
        VF even, odd;
        LoadPair(from[o] + j, even, odd);
        for (size_t v = 0; v < kInputs; ++v) {
          sum[o][v] = hn::MulAdd(even, hn::LoadU(df, x + v * kStep), sum[o][v]);
          sum[o][v] = hn::MulAdd(odd, hn::LoadU(df, x + v * kStep + kLanes), sum[o][v]);
        }
      }
    }
    for (size_t o = 0; o < kOutputs; ++o) {
      for (size_t v = 0; v < kInputs; ++v) {
        float tail = 0;
        for (size_t i = j; i < size; ++i) tail += Widen(from[o][i]) * x[v * (size - j) + i - j];
        out[o][v] = hn::GetLane(hn::SumOfLanes(df, sum[o][v])) + tail;
      }
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
