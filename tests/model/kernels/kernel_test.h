// Random operands, float64 references, and every instruction set that both this CPU and this binary support.
#pragma once

#include <gtest/gtest.h>

#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets.
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "model/base/half_floats.h"
#include "model/kernels/matrix.h"
#include "model/kernels/products/matvec.h"

namespace plelab::testing {

inline uint16_t BFloat16Bits(float x) {  // truncates: any bfloat16 will do
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}

inline std::vector<float> RandomVector(int64_t n, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(generator);
  return values;
}

inline constexpr ElementType kAllTypes[] = {ElementType::kFloat32, ElementType::kBFloat16, ElementType::kInt8,
                                            ElementType::kInt4};

// A random matrix that is part of a wider one and starts one element into its buffer, so that no load is
// aligned.  int4 has as many columns as whole groups of 32 take.
class RandomMatrix {
 public:
  RandomMatrix(int64_t rows, int64_t cols, ElementType type, uint64_t seed, int64_t group = kNibbleBlock) {
    const bool is_int4 = type == ElementType::kInt4;
    if (is_int4) cols = (cols + group - 1) / group * group;
    const int64_t stride = cols + (is_int4 ? group : kGap);
    const int64_t first = is_int4 ? 2 : 1;
    values_ = RandomVector(rows * stride + first, seed);
    bytes_.resize(values_.size() * 4);
    view_ = {.data = bytes_.data() + ElementBytes(type, first),
             .type = type,
             .rows = rows,
             .cols = cols,
             .stride = stride,
             .group = is_int4 ? group : 0,
             .scale_stride = is_int4 ? stride / group : 1};
    first_ = first;
    switch (type) {
      case ElementType::kFloat32:
        std::memcpy(bytes_.data(), values_.data(), values_.size() * 4);
        break;
      case ElementType::kBFloat16:
        for (size_t i = 0; i < values_.size(); ++i) StoreBFloat16(i);
        break;
      default:
        Quantise(seed);
    }
  }
  const MatrixView& view() const { return view_; }
  double at(int64_t row, int64_t col) const { return values_[first_ + row * view_.stride + col]; }

 private:
  static constexpr int64_t kGap = 3;

  void StoreBFloat16(size_t i) {
    const uint16_t bits = BFloat16Bits(values_[i]);
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    std::memcpy(bytes_.data() + 2 * i, &bits, sizeof(bits));
    std::memcpy(&values_[i], &wide, sizeof(wide));
  }

  // Every code occurs, the lowest included, and scales have both signs.
  void Quantise(uint64_t seed) {
    const bool is_int4 = view_.type == ElementType::kInt4;
    std::mt19937_64 generator(seed);
    const int64_t per_row = is_int4 ? view_.stride / view_.group : 1;
    for (int64_t i = 0; i < view_.rows * per_row; ++i) {
      halves_.push_back(ToFloat16(std::normal_distribution<float>(0, 0.1f)(generator)));
      floats_.push_back(FromFloat16(halves_.back()));
    }
    auto* codes = bytes_.data() + ElementBytes(view_.type, first_);
    for (int64_t row = 0; row < view_.rows; ++row) {
      for (int64_t c = 0; c < view_.stride; ++c) {
        const auto code = static_cast<int>(generator() % (is_int4 ? 16 : 256)) - (is_int4 ? 8 : 128);
        const int64_t at = row * view_.stride + c;
        if (is_int4) {
          uint8_t& both = codes[at / 32 * 16 + at % 16];
          both = at % 32 < 16 ? static_cast<uint8_t>((both & 0xF0) | (code + 8))
                              : static_cast<uint8_t>((both & 0x0F) | (code + 8) << 4);
        } else {
          codes[at] = static_cast<uint8_t>(code);
        }
        const int64_t scale = is_int4 ? row * per_row + c / view_.group : row;
        if (first_ + at < std::ssize(values_)) {
          values_[first_ + at] = static_cast<float>(code) * floats_[static_cast<size_t>(scale)];
        }
      }
    }
    view_.scales = is_int4 ? static_cast<const void*>(halves_.data()) : floats_.data();
  }

  std::vector<float> values_;
  std::vector<uint8_t> bytes_;
  std::vector<uint16_t> halves_;
  std::vector<float> floats_;
  MatrixView view_;
  int64_t first_ = 0;
};

// What a kernel multiplies weights of `type` by: x itself, or what quantising it to int8 leaves of it.
inline std::vector<double> OperandOf(const float* x, int64_t n, ElementType type) {
  std::vector<double> operand(x, x + n);
  if (!IsQuantised(type)) return operand;
  float largest = 0;
  for (int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(x[i]));
  const float by = largest > 0 ? 127.0f / largest : 0, scale = largest / 127.0f;
  for (int64_t i = 0; i < n; ++i) operand[i] = static_cast<double>(std::nearbyint(x[i] * by)) * scale;
  return operand;
}

// Calls test() once for each instruction set that is compiled in and that this CPU supports.
template <class F>
void ForEachTarget(const F& test) {
#ifdef HWY_COMPILE_ONLY_STATIC
  test();  // of the one that is compiled in
#else
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
#endif
}

}  // namespace plelab::testing
