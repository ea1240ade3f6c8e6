// Passes of the audio tower over one frame, each of which would take several passes in ATen.  Vectorised,
// float32, in the calling thread.
#pragma once

#include <cstdint>

namespace plelab {

struct ClippedNorm {
  const float* weight;  // [n]
  float clip;           // infinity: no clipping
  float eps;
  float scale;
};
// y = residual + scale · weight · v · (mean(v²) + eps)^-½, where v is x limited to ±clip and a residual of
// nullptr is left out.  NaN stays NaN. In place if y is x or residual.
void ClippedRmsNorm(const float* x, const ClippedNorm& norm, const float* residual, int64_t n, float* y);

// y = max(0, (x − mean) · factor · weight).  In place if y is x.
void CenterScaleRelu(const float* x, float mean, float factor, const float* weight, int64_t n, float* y);

// y = Σ_k x[k] · w[k] over k < count, element by element: one output of a depthwise convolution over rows. y
// must not be one of the x.
void SumOfProducts(const float* const* x, const float* const* w, int64_t count, int64_t n, float* y);

}  // namespace plelab
