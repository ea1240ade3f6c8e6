// Forward and backward passes over the vectors of one token, each of which would take several passes in ATen.
// Vectorised, float32, in the calling thread.
#pragma once

#include <cstdint>

#include "model/kernels/matrix.h"

namespace plelab {

inline constexpr int64_t kMaxMixedStreams = 8;

// Gradient of y = RmsNormRow(x) (vector_math.h).  Writes dx and adds this vector's share to dweight; weight
// and dweight may both be nullptr.
void RmsNormGradient(const float* x, const float* weight, int64_t n, float eps, const float* dy, float* dx,
                     float* dweight);

// y = gelu(g) · up, with the tanh form of gelu. g is the gate, or after Gaussian top-k max(gate − cutoff, 0)
// with cutoff = mean + deviation · quantile over the vector.  Reference: Gemma3nTextMLP.
struct GatedGeluKind {
  bool sparse = false;
  float quantile = 0;
};
void GatedGeluForward(const float* gate, const float* up, int64_t n, GatedGeluKind kind, float* y);
void GatedGeluGradient(const float* gate, const float* up, int64_t n, GatedGeluKind kind, const float* dy,
                       float* dgate, float* dup);

// y[to] = x[to] + Σ_from coefs[to · count + from] · x[from]. y must not be one of the x.  Reference:
// Gemma3nTextAltUp.predict.
void MixStreams(const float* const* x, const float* coefs, int64_t count, int64_t n, float* const* y);
void MixStreamsGradient(const float* const* x, const float* coefs, int64_t count, int64_t n,
                        const float* const* dy, float* const* dx, float* dcoefs);

// y[i] = x[i] + coefs[i] · (activated − x[active]).  Reference: Gemma3nTextAltUp.correct.
void AddInnovation(const float* const* x, const float* activated, const float* coefs, int64_t count,
                   int64_t active, int64_t n, float* const* y);
void AddInnovationGradient(const float* const* x, const float* activated, const float* coefs, int64_t count,
                           int64_t active, int64_t n, const float* const* dy, float* const* dx,
                           float* dactivated, float* dcoefs);

// Returns −ln softmax(cap · tanh(logits / cap))[target]; cap 0 means no capping.  If `with_gradient`, the
// gradient with respect to the logits replaces them. scratch: 2 · n floats.
float SoftcapCrossEntropy(void* logits, ElementType type, int64_t n, float cap, int64_t target,
                          bool with_gradient, float* scratch);

}  // namespace plelab
