#include "model/kernels/conformer_math.h"

#include <cmath>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/conformer_math.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "model/kernels/load_pair-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

// Keeps NaN, because comparisons with NaN are false.
HWY_INLINE float Clip(float x, float limit) {
  const float below = x > limit ? limit : x;
  return below < -limit ? -limit : below;
}
HWY_INLINE VF Clip(VF x, VF limit) {
  const VF below = hn::IfThenElse(hn::Gt(x, limit), limit, x);
  return hn::IfThenElse(hn::Lt(below, hn::Neg(limit)), hn::Neg(limit), below);
}

float ClippedMeanSquare(const float* x, float clip, size_t n) {
  const DF df;
  const VF limit = hn::Set(df, clip);
  VF sum[4] = {hn::Zero(df), hn::Zero(df), hn::Zero(df), hn::Zero(df)};
  size_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (size_t k = 0; k < 4; ++k) {
      const VF v = Clip(hn::LoadU(df, x + i + k * kLanes), limit);
      sum[k] = hn::MulAdd(v, v, sum[k]);
    }
  }
  float total = hn::GetLane(hn::SumOfLanes(df, hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]))));
  for (; i < n; ++i) total += Clip(x[i], clip) * Clip(x[i], clip);
  return total / static_cast<float>(n);
}

void ClippedRmsNormImpl(const float* x, const ClippedNorm& norm, const float* residual, int64_t n, float* y) {
  const DF df;
  const auto count = static_cast<size_t>(n);
  const float factor = norm.scale / std::sqrt(ClippedMeanSquare(x, norm.clip, count) + norm.eps);
  const VF limit = hn::Set(df, norm.clip), by = hn::Set(df, factor);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const VF v = hn::Mul(Clip(hn::LoadU(df, x + i), limit), by), weight = hn::LoadU(df, norm.weight + i);
    hn::StoreU(residual == nullptr ? hn::Mul(v, weight) : hn::MulAdd(v, weight, hn::LoadU(df, residual + i)),
               df, y + i);
  }
  for (; i < count; ++i) {
    const float v = Clip(x[i], norm.clip) * factor * norm.weight[i];
    y[i] = residual == nullptr ? v : residual[i] + v;
  }
}

void CenterScaleReluImpl(const float* x, float mean, float factor, const float* weight, int64_t n, float* y) {
  const DF df;
  const VF shift = hn::Set(df, mean), by = hn::Set(df, factor), zero = hn::Zero(df);
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= n; i += kLanes) {
    const VF v = hn::Mul(hn::Mul(hn::Sub(hn::LoadU(df, x + i), shift), by), hn::LoadU(df, weight + i));
    hn::StoreU(hn::IfThenElse(hn::Lt(v, zero), zero, v), df, y + i);
  }
  for (; i < n; ++i) {
    const float v = (x[i] - mean) * factor * weight[i];
    y[i] = v < 0 ? 0 : v;
  }
}

void SumOfProductsImpl(const float* const* x, const float* const* w, int64_t count, int64_t n,
                       float* HWY_RESTRICT y) {
  const DF df;
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= n; i += kLanes) {
    VF sum = hn::Zero(df);
    for (int64_t k = 0; k < count; ++k) {
      sum = hn::MulAdd(hn::LoadU(df, x[k] + i), hn::LoadU(df, w[k] + i), sum);
    }
    hn::StoreU(sum, df, y + i);
  }
  for (; i < n; ++i) {
    float sum = 0;
    for (int64_t k = 0; k < count; ++k) sum += x[k][i] * w[k][i];
    y[i] = sum;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plelab {
namespace {

HWY_EXPORT(ClippedRmsNormImpl);
HWY_EXPORT(CenterScaleReluImpl);
HWY_EXPORT(SumOfProductsImpl);

}  // namespace

void ClippedRmsNorm(const float* x, const ClippedNorm& norm, const float* residual, int64_t n, float* y) {
  HWY_DYNAMIC_DISPATCH(ClippedRmsNormImpl)(x, norm, residual, n, y);
}
void CenterScaleRelu(const float* x, float mean, float factor, const float* weight, int64_t n, float* y) {
  HWY_DYNAMIC_DISPATCH(CenterScaleReluImpl)(x, mean, factor, weight, n, y);
}
void SumOfProducts(const float* const* x, const float* const* w, int64_t count, int64_t n, float* y) {
  HWY_DYNAMIC_DISPATCH(SumOfProductsImpl)(x, w, count, n, y);
}

}  // namespace plelab
#endif  // HWY_ONCE
