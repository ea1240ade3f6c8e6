// Forward and backward passes of one token's vectors, each of which would be several in ATen.  Vectorised, in
// the calling thread, float32.
#pragma once

#include <cstdint>

#include "model/kernels/matrix.h"

namespace plelab {

inline constexpr int64_t kMaxMixedStreams = 8;

// Of y = RmsNormRow(x) (vector_math.h): dx, and dweight += its share; weight and dweight may both be null.
void RmsNormGradient(const float* x, const float* weight, int64_t n, float eps, const float* dy, float* dx,
                     float* dweight);

// y = gelu(g) · up, gelu by its tanh form; g = gate, or of Gaussian top-k max(gate − cutoff, 0), cutoff =
// mean + deviation · quantile over the vector.  Reference: Gemma3nTextMLP.
struct GatedGeluKind {
  bool sparse = false;
  float quantile = 0;
};
void GatedGeluForward(const float* gate, const float* up, int64_t n, GatedGeluKind kind, float* y);
void GatedGeluGradient(const float* gate, const float* up, int64_t n, GatedGeluKind kind, const float* dy,
                       float* dgate, float* dup);

// y[to] = x[to] + Σ_from coefs[to · count + from] · x[from]; y is none of the x.  Reference:
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

// −ln softmax(cap · tanh(logits / cap))[target], and its gradient by the logits, which replaces them where
// `with_gradient` holds.  cap 0: none.  scratch: 2 · n floats.
float SoftcapCrossEntropy(void* logits, ElementType type, int64_t n, float cap, int64_t target,
                          bool with_gradient, float* scratch);

}  // namespace plelab
