// The audio tower's passes over one frame, each of which would be several in ATen.  Vectorised, in the
// calling thread, float32.
#pragma once

#include <cstdint>

namespace plelab {

struct ClippedNorm {
  const float* weight;  // [n]
  float clip;           // infinity: none
  float eps;
  float scale;
};
// y = residual + scale · weight · v · (mean(v²) + eps)^-½, v = x limited to ±clip; no residual where null.
// NaN stays NaN.  In place where y is x or residual.
void ClippedRmsNorm(const float* x, const ClippedNorm& norm, const float* residual, int64_t n, float* y);

// y = max(0, (x − mean) · factor · weight).  In place where y is x.
void CenterScaleRelu(const float* x, float mean, float factor, const float* weight, int64_t n, float* y);

// y = Σ_k x[k] · w[k], element by element, k < count: one output of a depthwise convolution over rows.
// y is none of the x.
void SumOfProducts(const float* const* x, const float* const* w, int64_t count, int64_t n, float* y);

}  // namespace plelab
