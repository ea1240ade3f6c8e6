#include "model/kernels/vector_math.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "model/base/half_floats.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/vector_math.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "hwy/contrib/math/math-inl.h"
#include "model/kernels/codes-inl.h"
#include "model/kernels/load_pair-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

// The elements after the last whole vector, padded.
struct Tail {
  HWY_ALIGN float lanes[kLanes];
  Tail(const float* x, size_t count, float padding) {
    std::fill_n(lanes, kLanes, padding);
    std::copy_n(x, count, lanes);
  }
  VF vector() const { return hn::Load(DF(), lanes); }
};

// y = op(x), element by element.
template <class Op>
HWY_INLINE void Map(const float* x, size_t n, const Op& op, float* y) {
  const DF df;
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) hn::StoreU(op(hn::LoadU(df, x + i), i), df, y + i);
  if (i == n) return;
  Tail tail(x + i, n - i, 0);
  hn::Store(op.Last(tail.vector(), i, n - i), df, tail.lanes);
  std::copy_n(tail.lanes, n - i, y + i);
}

// Operations of one argument, whose tail needs nothing more.
template <class Self>
struct Unary {
  HWY_INLINE VF operator()(VF x, size_t) const { return static_cast<const Self&>(*this).Apply(x); }
  HWY_INLINE VF Last(VF x, size_t, size_t) const { return static_cast<const Self&>(*this).Apply(x); }
};

HWY_INLINE VF Gelu(VF x) {
  const DF df;
  const VF cube = hn::Mul(hn::Mul(x, x), x);
  const VF inner = hn::Mul(hn::Set(df, 0.7978845608028654f), hn::MulAdd(hn::Set(df, 0.044715f), cube, x));
  return hn::Mul(hn::Mul(hn::Set(df, 0.5f), x), hn::Add(hn::Set(df, 1.0f), hn::Tanh(df, inner)));
}

struct GeluTimesOp {
  const float* factor;
  HWY_INLINE VF operator()(VF x, size_t i) const { return hn::Mul(Gelu(x), hn::LoadU(DF(), factor + i)); }
  HWY_INLINE VF Last(VF x, size_t i, size_t count) const {
    return hn::Mul(Gelu(x), Tail(factor + i, count, 0).vector());
  }
};
struct ShiftedReluGeluOp : Unary<ShiftedReluGeluOp> {
  explicit ShiftedReluGeluOp(float c) : cutoff(c) {}
  float cutoff;
  HWY_INLINE VF Apply(VF x) const {
    const DF df;
    return Gelu(hn::Max(hn::Sub(x, hn::Set(df, cutoff)), hn::Zero(df)));
  }
};
struct SoftcapOp : Unary<SoftcapOp> {
  explicit SoftcapOp(float c) : cap(c) {}
  float cap;
  HWY_INLINE VF Apply(VF x) const {
    const DF df;
    return hn::Mul(hn::Set(df, cap), hn::Tanh(df, hn::Div(x, hn::Set(df, cap))));
  }
};
struct ExpOp : Unary<ExpOp> {
  explicit ExpOp(float m) : max(m) {}
  float max;
  HWY_INLINE VF Apply(VF x) const {
    const DF df;
    return hn::Exp(df, hn::Sub(x, hn::Set(df, max)));
  }
};
struct ScaleOp : Unary<ScaleOp> {
  explicit ScaleOp(float f) : factor(f) {}
  float factor;
  HWY_INLINE VF Apply(VF x) const { return hn::Mul(x, hn::Set(DF(), factor)); }
};
struct ScaleByOp {
  float factor;
  const float* weight;
  HWY_INLINE VF operator()(VF x, size_t i) const { return Scaled(x, hn::LoadU(DF(), weight + i)); }
  HWY_INLINE VF Last(VF x, size_t i, size_t count) const {
    return Scaled(x, Tail(weight + i, count, 0).vector());
  }
  HWY_INLINE VF Scaled(VF x, VF w) const { return hn::Mul(hn::Mul(x, hn::Set(DF(), factor)), w); }
};

// Σ (x − shift)^kPower for kPower 1 or 2, in four partial sums.
template <int kPower>
HWY_INLINE float SumOf(const float* x, size_t n, float shift) {
  const DF df;
  const VF s = hn::Set(df, shift);
  VF sum[4] = {hn::Zero(df), hn::Zero(df), hn::Zero(df), hn::Zero(df)};
  size_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (size_t k = 0; k < 4; ++k) {
      const VF v = hn::Sub(hn::LoadU(df, x + i + k * kLanes), s);
      sum[k] = kPower == 1 ? hn::Add(sum[k], v) : hn::MulAdd(v, v, sum[k]);
    }
  }
  for (; i < n; i += kLanes) {
    const VF v = hn::Sub(Tail(x + i, std::min(kLanes, n - i), shift).vector(), s);
    sum[0] = kPower == 1 ? hn::Add(sum[0], v) : hn::MulAdd(v, v, sum[0]);
  }
  return hn::GetLane(hn::SumOfLanes(df, hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]))));
}

float MeanSquareImpl(const float* x, int64_t n) { return SumOf<2>(x, n, 0) / static_cast<float>(n); }

void RmsNormImpl(const float* x, const float* weight, int64_t n, float eps, float* y) {
  const float scale = 1.0f / std::sqrt(MeanSquareImpl(x, n) + eps);
  if (weight == nullptr) return Map(x, n, ScaleOp(scale), y);
  Map(x, n, ScaleByOp{scale, weight}, y);
}

Moments MeanAndDeviationImpl(const float* x, int64_t n) {
  const float mean = SumOf<1>(x, n, 0) / static_cast<float>(n);
  return {mean, std::sqrt(SumOf<2>(x, n, mean) / static_cast<float>(n))};
}

void GeluTimesImpl(const float* x, const float* factor, int64_t n, float* y) {
  Map(x, n, GeluTimesOp{factor}, y);
}
void ShiftedReluGeluImpl(float* x, int64_t n, float cutoff) { Map(x, n, ShiftedReluGeluOp(cutoff), x); }
void SoftcapImpl(float* x, int64_t n, float cap) { Map(x, n, SoftcapOp(cap), x); }

void SoftmaxImpl(float* x, int64_t n) {
  Map(x, n, ExpOp(*std::max_element(x, x + n)), x);
  Map(x, n, ScaleOp(1.0f / SumOf<1>(x, n, 0)), x);
}

void MixImpl(const float* const* x, const float* coefficients, int64_t count, int64_t n, float* y) {
  const DF df;
  size_t i = 0;
  for (; i + kLanes <= static_cast<size_t>(n); i += kLanes) {
    VF sum = hn::Mul(hn::Set(df, coefficients[0]), hn::LoadU(df, x[0] + i));
    for (int64_t k = 1; k < count; ++k)
      sum = hn::MulAdd(hn::Set(df, coefficients[k]), hn::LoadU(df, x[k] + i), sum);
    hn::StoreU(sum, df, y + i);
  }
  for (; i < static_cast<size_t>(n); ++i) {
    float sum = 0;
    for (int64_t k = 0; k < count; ++k) sum += coefficients[k] * x[k][i];
    y[i] = sum;
  }
}

// Plain loops, which the compiler vectorises for each instruction set.
void WidenImpl(const uint16_t* HWY_RESTRICT x, int64_t n, float* HWY_RESTRICT y) {
  for (int64_t i = 0; i < n; ++i) {
    y[i] = FromBFloat16(x[i]);
  }
}
void WidenHalfImpl(const uint16_t* HWY_RESTRICT x, int64_t n, float* HWY_RESTRICT y) {
  for (int64_t i = 0; i < n; ++i) {
    y[i] = FromFloat16(x[i]);
  }
}
void NarrowImpl(const float* HWY_RESTRICT x, int64_t n, uint16_t* HWY_RESTRICT y) {
  for (int64_t i = 0; i < n; ++i) {
    y[i] = ToBFloat16(x[i]);
  }
}

float QuantiseRowImpl(const float* x, int64_t n, int8_t* codes) {
  const auto size = static_cast<size_t>(n);
  const float largest = LargestMagnitude(x, size);
  StoreCodes(x, size, CodeFactor(largest), codes);
  return largest / 127.0f;
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plelab {
namespace {

HWY_EXPORT(RmsNormImpl);
HWY_EXPORT(MeanSquareImpl);
HWY_EXPORT(MeanAndDeviationImpl);
HWY_EXPORT(GeluTimesImpl);
HWY_EXPORT(ShiftedReluGeluImpl);
HWY_EXPORT(SoftcapImpl);
HWY_EXPORT(SoftmaxImpl);
HWY_EXPORT(MixImpl);
HWY_EXPORT(WidenImpl);
HWY_EXPORT(WidenHalfImpl);
HWY_EXPORT(NarrowImpl);
HWY_EXPORT(QuantiseRowImpl);

}  // namespace

void RmsNormRow(const float* x, const float* weight, int64_t n, float eps, float* y) {
  HWY_DYNAMIC_DISPATCH(RmsNormImpl)(x, weight, n, eps, y);
}
float MeanSquare(const float* x, int64_t n) { return HWY_DYNAMIC_DISPATCH(MeanSquareImpl)(x, n); }
Moments MeanAndDeviation(const float* x, int64_t n) {
  return HWY_DYNAMIC_DISPATCH(MeanAndDeviationImpl)(x, n);
}
void GeluTimes(const float* x, const float* factor, int64_t n, float* y) {
  HWY_DYNAMIC_DISPATCH(GeluTimesImpl)(x, factor, n, y);
}
void ShiftedReluGelu(float* x, int64_t n, float cutoff) {
  HWY_DYNAMIC_DISPATCH(ShiftedReluGeluImpl)(x, n, cutoff);
}
void SoftcapRow(float* x, int64_t n, float cap) { HWY_DYNAMIC_DISPATCH(SoftcapImpl)(x, n, cap); }
void Softmax(float* x, int64_t n) { HWY_DYNAMIC_DISPATCH(SoftmaxImpl)(x, n); }
void Mix(const float* const* x, const float* coefficients, int64_t count, int64_t n, float* y) {
  HWY_DYNAMIC_DISPATCH(MixImpl)(x, coefficients, count, n, y);
}

void WidenTo(const void* x, ElementType type, int64_t n, float* y) {
  switch (type) {
    case ElementType::kFloat32:
      std::memcpy(y, x, n * sizeof(float));
      return;
    case ElementType::kBFloat16:
      HWY_DYNAMIC_DISPATCH(WidenImpl)(static_cast<const uint16_t*>(x), n, y);
      return;
    default:
      throw RunError("quantised values have scales; expected float32 or bfloat16");
  }
}
void WidenTo(const void* x, DType dtype, int64_t n, float* y) {
  switch (dtype) {
    case DType::kFloat32:
      return WidenTo(x, ElementType::kFloat32, n, y);
    case DType::kBFloat16:
      return WidenTo(x, ElementType::kBFloat16, n, y);
    case DType::kFloat16:
      HWY_DYNAMIC_DISPATCH(WidenHalfImpl)(static_cast<const uint16_t*>(x), n, y);
      return;
    default:
      throw RunError("rows of {} cannot be widened; expected a float format", Name(dtype));
  }
}
void NarrowTo(const float* x, int64_t n, ElementType type, void* y) {
  switch (type) {
    case ElementType::kFloat32:
      std::memcpy(y, x, n * sizeof(float));
      return;
    case ElementType::kBFloat16:
      HWY_DYNAMIC_DISPATCH(NarrowImpl)(x, n, static_cast<uint16_t*>(y));
      return;
    default:
      throw RunError("quantised values have scales; expected float32 or bfloat16");
  }
}
float QuantiseRow(const float* x, int64_t n, int8_t* codes) {
  return HWY_DYNAMIC_DISPATCH(QuantiseRowImpl)(x, n, codes);
}

}  // namespace plelab
#endif  // HWY_ONCE
