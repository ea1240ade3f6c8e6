#include "model/kernels/training_math.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "model/kernels/vector_math.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/training_math.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "hwy/contrib/math/math-inl.h"
#include "model/kernels/load_pair-inl.h"

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

// Sums f(vectors of each pointer's elements i …) → vector over all elements; `scalar` handles the tail.
template <class Term, class Scalar>
HWY_INLINE float Sum(int64_t n, const Term& term, const Scalar& scalar) {
  const DF df;
  VF sum[2] = {hn::Zero(df), hn::Zero(df)};
  int64_t i = 0;
  const auto lanes = static_cast<int64_t>(kLanes);
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    sum[0] = hn::Add(sum[0], term(i));
    sum[1] = hn::Add(sum[1], term(i + lanes));
  }
  float total = hn::GetLane(hn::SumOfLanes(df, hn::Add(sum[0], sum[1])));
  for (; i < n; ++i) total += scalar(i);
  return total;
}

HWY_INLINE VF At(const float* x, int64_t i) { return hn::LoadU(DF(), x + i); }

HWY_INLINE float Dot(const float* a, const float* b, int64_t n) {
  return Sum(
      n, [&](int64_t i) { return hn::Mul(At(a, i), At(b, i)); }, [&](int64_t i) { return a[i] * b[i]; });
}

void RmsNormGradientImpl(const float* HWY_RESTRICT x, const float* HWY_RESTRICT weight, int64_t n, float eps,
                         const float* HWY_RESTRICT dy, float* HWY_RESTRICT dx, float* HWY_RESTRICT dweight) {
  const auto size = static_cast<float>(n);
  const float inverse = 1.0f / std::sqrt(Dot(x, x, n) / size + eps);
  if (weight == nullptr) {
    const float shift = inverse * inverse * inverse * Dot(dy, x, n) / size;
    for (int64_t i = 0; i < n; ++i) dx[i] = inverse * dy[i] - shift * x[i];
    return;
  }
  const float along = Sum(
      n, [&](int64_t i) { return hn::Mul(hn::Mul(At(dy, i), At(weight, i)), At(x, i)); },
      [&](int64_t i) { return dy[i] * weight[i] * x[i]; });
  const float shift = inverse * inverse * inverse * along / size;
  for (int64_t i = 0; i < n; ++i) {
    dx[i] = inverse * weight[i] * dy[i] - shift * x[i];
    dweight[i] += dy[i] * x[i] * inverse;
  }
}

// gelu(x) and its derivative.
struct GeluValue {
  VF value, slope;
};
HWY_INLINE GeluValue GeluWithSlope(VF x) {
  const DF df;
  const VF half = hn::Set(df, 0.5f), one = hn::Set(df, 1.0f);
  const VF k = hn::Set(df, 0.7978845608028654f), a = hn::Set(df, 0.044715f);
  const VF square = hn::Mul(x, x);
  const VF inner = hn::Mul(hn::Mul(k, x), hn::MulAdd(a, square, one));
  const VF t = hn::Tanh(df, inner);
  const VF inner_slope = hn::Mul(k, hn::MulAdd(hn::Set(df, 3 * 0.044715f), square, one));
  const VF up = hn::Mul(half, hn::Add(one, t));
  const VF t_slope = hn::Mul(hn::NegMulAdd(t, t, one), inner_slope);
  return {hn::Mul(x, up), hn::MulAdd(hn::Mul(half, x), t_slope, up)};
}

// Handles one vector of elements from `i` on, or what is left of it; f(gate, up, dy) returns the two
// gradients.
struct GatePiece {
  HWY_ALIGN float gate[kLanes] = {}, up[kLanes] = {}, dy[kLanes] = {};
};

void GatedGeluGradientImpl(const float* gate, const float* up, int64_t n, GatedGeluKind kind, const float* dy,
                           float* dgate, float* dup) {
  const DF df;
  const Moments moments = kind.sparse ? MeanAndDeviation(gate, n) : Moments{0, 0};
  const VF cutoff = hn::Set(df, moments.mean + moments.deviation * kind.quantile), zero = hn::Zero(df);
  GatePiece piece;
  VF sum = zero;
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(kLanes)) {
    const auto count = std::min<int64_t>(n - i, kLanes);
    std::copy_n(gate + i, count, piece.gate);
    std::copy_n(up + i, count, piece.up);
    std::copy_n(dy + i, count, piece.dy);
    std::fill(piece.dy + count, piece.dy + kLanes, 0.0f);
    VF x = hn::Load(df, piece.gate);
    const VF d = hn::Load(df, piece.dy);
    if (kind.sparse) x = hn::Max(hn::Sub(x, cutoff), zero);
    const GeluValue gelu = GeluWithSlope(x);
    VF slope = hn::Mul(hn::Mul(d, hn::Load(df, piece.up)), gelu.slope);
    if (kind.sparse) slope = hn::IfThenElseZero(hn::Gt(x, zero), slope);
    sum = hn::Add(sum, slope);
    hn::Store(slope, df, piece.gate);
    hn::Store(hn::Mul(d, gelu.value), df, piece.up);
    std::copy_n(piece.up, count, dup + i);
    std::copy_n(piece.gate, count, dgate + i);
  }
  if (!kind.sparse) return;
  // The cutoff depends on every element of the gate.
  const float shift = hn::GetLane(hn::SumOfLanes(df, sum)) / static_cast<float>(n);
  const float tilt = moments.deviation > 0 ? shift * kind.quantile / moments.deviation : 0.0f;
  for (int64_t i = 0; i < n; ++i) dgate[i] -= shift + tilt * (gate[i] - moments.mean);
}

void MixStreamsImpl(const float* const* x, const float* coefs, int64_t count, int64_t n, float* const* y) {
  for (int64_t to = 0; to < count; ++to) {
    const float* HWY_RESTRICT own = x[to];
    float* HWY_RESTRICT out = y[to];
    for (int64_t i = 0; i < n; ++i) out[i] = own[i];
    for (int64_t from = 0; from < count; ++from) {
      const float* HWY_RESTRICT in = x[from];
      const float c = coefs[to * count + from];
      for (int64_t i = 0; i < n; ++i) out[i] += c * in[i];
    }
  }
}

void MixStreamsGradientImpl(const float* const* x, const float* coefs, int64_t count, int64_t n,
                            const float* const* dy, float* const* dx, float* dcoefs) {
  for (int64_t from = 0; from < count; ++from) {
    const float* HWY_RESTRICT own = dy[from];
    float* HWY_RESTRICT out = dx[from];
    for (int64_t i = 0; i < n; ++i) out[i] = own[i];
    for (int64_t to = 0; to < count; ++to) {
      const float* HWY_RESTRICT in = dy[to];
      const float c = coefs[to * count + from];
      for (int64_t i = 0; i < n; ++i) out[i] += c * in[i];
      dcoefs[to * count + from] = Dot(in, x[from], n);
    }
  }
}

void AddInnovationImpl(const float* const* x, const float* activated, const float* coefs, int64_t count,
                       int64_t active, int64_t n, float* const* y) {
  const float* HWY_RESTRICT guess = x[active];
  for (int64_t stream = 0; stream < count; ++stream) {
    const float* HWY_RESTRICT in = x[stream];
    float* HWY_RESTRICT out = y[stream];
    const float c = coefs[stream];
    for (int64_t i = 0; i < n; ++i) out[i] = in[i] + c * (activated[i] - guess[i]);
  }
}

void AddInnovationGradientImpl(const float* const* x, const float* activated, const float* coefs,
                               int64_t count, int64_t active, int64_t n, const float* const* dy,
                               float* const* dx, float* HWY_RESTRICT dactivated, float* dcoefs) {
  std::fill_n(dactivated, n, 0.0f);
  for (int64_t stream = 0; stream < count; ++stream) {
    const float* HWY_RESTRICT in = dy[stream];
    float* HWY_RESTRICT out = dx[stream];
    const float c = coefs[stream];
    for (int64_t i = 0; i < n; ++i) {
      out[i] = in[i];
      dactivated[i] += c * in[i];
    }
    dcoefs[stream] = Dot(in, activated, n) - Dot(in, x[active], n);
  }
  float* HWY_RESTRICT guess = dx[active];
  for (int64_t i = 0; i < n; ++i) guess[i] -= dactivated[i];
}

float LargestImpl(const float* z, int64_t n) {
  const DF df;
  const auto lanes = static_cast<int64_t>(kLanes);
  if (n < lanes) return *std::max_element(z, z + n);
  VF largest = At(z, 0);
  for (int64_t i = lanes; i + lanes <= n; i += lanes) largest = hn::Max(largest, At(z, i));
  largest = hn::Max(largest, At(z, n - lanes));  // the tail, which overlaps elements already seen
  return hn::GetLane(hn::MaxOfLanes(df, largest));
}

// e = exp(z − largest); returns Σ e.
float ExpImpl(const float* z, int64_t n, float largest, float* e) {
  const DF df;
  const VF shift = hn::Set(df, largest);
  const auto lanes = static_cast<int64_t>(kLanes);
  VF sum = hn::Zero(df);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const VF v = hn::Exp(df, hn::Sub(At(z, i), shift));
    hn::StoreU(v, df, e + i);
    sum = hn::Add(sum, v);
  }
  float total = hn::GetLane(hn::SumOfLanes(df, sum));
  for (; i < n; ++i) {
    e[i] = std::exp(z[i] - largest);
    total += e[i];
  }
  return total;
}

// e = (e · scale − one-hot) · (1 − (z / cap)²).
void LogitGradientImpl(const float* HWY_RESTRICT z, int64_t n, float cap, float scale, int64_t target,
                       float* HWY_RESTRICT e) {
  const float inverse = cap != 0 ? 1.0f / cap : 0.0f;
  const float at_target = e[target] * scale - 1.0f;
  for (int64_t i = 0; i < n; ++i) {
    const float share = z[i] * inverse;
    e[i] *= scale * (1.0f - share * share);
  }
  const float share = z[target] * inverse;
  e[target] = at_target * (1.0f - share * share);
}

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plelab {
namespace {

HWY_EXPORT(RmsNormGradientImpl);
HWY_EXPORT(GatedGeluGradientImpl);
HWY_EXPORT(MixStreamsImpl);
HWY_EXPORT(MixStreamsGradientImpl);
HWY_EXPORT(AddInnovationImpl);
HWY_EXPORT(AddInnovationGradientImpl);
HWY_EXPORT(LargestImpl);
HWY_EXPORT(ExpImpl);
HWY_EXPORT(LogitGradientImpl);

}  // namespace

void RmsNormGradient(const float* x, const float* weight, int64_t n, float eps, const float* dy, float* dx,
                     float* dweight) {
  HWY_DYNAMIC_DISPATCH(RmsNormGradientImpl)(x, weight, n, eps, dy, dx, dweight);
}

void GatedGeluForward(const float* gate, const float* up, int64_t n, GatedGeluKind kind, float* y) {
  if (!kind.sparse) return GeluTimes(gate, up, n, y);
  const Moments moments = MeanAndDeviation(gate, n);
  std::copy_n(gate, n, y);
  ShiftedReluGelu(y, n, moments.mean + moments.deviation * kind.quantile);
  for (int64_t i = 0; i < n; ++i) y[i] *= up[i];
}
void GatedGeluGradient(const float* gate, const float* up, int64_t n, GatedGeluKind kind, const float* dy,
                       float* dgate, float* dup) {
  HWY_DYNAMIC_DISPATCH(GatedGeluGradientImpl)(gate, up, n, kind, dy, dgate, dup);
}

void MixStreams(const float* const* x, const float* coefs, int64_t count, int64_t n, float* const* y) {
  HWY_DYNAMIC_DISPATCH(MixStreamsImpl)(x, coefs, count, n, y);
}
void MixStreamsGradient(const float* const* x, const float* coefs, int64_t count, int64_t n,
                        const float* const* dy, float* const* dx, float* dcoefs) {
  HWY_DYNAMIC_DISPATCH(MixStreamsGradientImpl)(x, coefs, count, n, dy, dx, dcoefs);
}

void AddInnovation(const float* const* x, const float* activated, const float* coefs, int64_t count,
                   int64_t active, int64_t n, float* const* y) {
  HWY_DYNAMIC_DISPATCH(AddInnovationImpl)(x, activated, coefs, count, active, n, y);
}
void AddInnovationGradient(const float* const* x, const float* activated, const float* coefs, int64_t count,
                           int64_t active, int64_t n, const float* const* dy, float* const* dx,
                           float* dactivated, float* dcoefs) {
  HWY_DYNAMIC_DISPATCH(AddInnovationGradientImpl)
  (x, activated, coefs, count, active, n, dy, dx, dactivated, dcoefs);
}

float SoftcapCrossEntropy(void* logits, ElementType type, int64_t n, float cap, int64_t target,
                          bool with_gradient, float* scratch) {
  float* z = scratch;
  float* e = scratch + n;
  WidenTo(logits, type, n, z);
  if (cap != 0) SoftcapRow(z, n, cap);
  const float largest = HWY_DYNAMIC_DISPATCH(LargestImpl)(z, n);
  const float sum = HWY_DYNAMIC_DISPATCH(ExpImpl)(z, n, largest, e);
  const float nats = std::log(sum) + largest - z[target];
  if (with_gradient) {
    HWY_DYNAMIC_DISPATCH(LogitGradientImpl)(z, n, cap, 1.0f / sum, target, e);
    NarrowTo(e, n, type, logits);
  }
  return nats;
}

}  // namespace plelab
#endif  // HWY_ONCE
