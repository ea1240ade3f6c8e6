// Random operands, float64 references, and every instruction set that both this CPU and this binary support.
#pragma once

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "model/kernels/matrix.h"
#include "model/kernels/matvec.h"

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

// A random matrix that is part of a wider one and starts one element into its buffer, so that no load is
// aligned.
class RandomMatrix {
 public:
  RandomMatrix(int64_t rows, int64_t cols, ElementType type, uint64_t seed)
      : values_(RandomVector(rows * (cols + kGap) + 1, seed)), bits_(values_.size()) {
    for (size_t i = 0; i < values_.size(); ++i) bits_[i] = BFloat16Bits(values_[i]);
    if (type == ElementType::kBFloat16) {
      for (size_t i = 0; i < values_.size(); ++i) {
        const uint32_t wide = static_cast<uint32_t>(bits_[i]) << 16;
        std::memcpy(&values_[i], &wide, sizeof(wide));
      }
    }
    const void* data =
        type == ElementType::kFloat32 ? static_cast<const void*>(values_.data() + 1) : bits_.data() + 1;
    view_ = {data, type, rows, cols, cols + kGap};
  }
  const MatrixView& view() const { return view_; }
  double at(int64_t row, int64_t col) const { return values_[1 + row * view_.stride + col]; }

 private:
  static constexpr int64_t kGap = 3;
  std::vector<float> values_;
  std::vector<uint16_t> bits_;
  MatrixView view_;
};

// Calls test() once for each instruction set that is compiled in and that this CPU supports.
template <class F>
void ForEachTarget(const F& test) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace plelab::testing
