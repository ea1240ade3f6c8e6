// Functions of one float32 vector, vectorised, in the calling thread.
#pragma once

#include <cstdint>

#include "model/base/dtype.h"
#include "model/kernels/matrix.h"

namespace plelab {

// y = x · (mean(x²) + eps)^-½ · weight, where a weight of nullptr is left out.  In place if y == x.
void RmsNormRow(const float* x, const float* weight, int64_t n, float eps, float* y);
// Returns mean(x²).
float MeanSquare(const float* x, int64_t n);
// Mean and standard deviation (the sum of squares is divided by n), computed in two passes.
struct Moments {
  float mean, deviation;
};
Moments MeanAndDeviation(const float* x, int64_t n);

// y = gelu(x) · factor, with the tanh form of gelu (torch's approximate="tanh").  In place if y == x.
void GeluTimes(const float* x, const float* factor, int64_t n, float* y);
// x = gelu(max(x − cutoff, 0)).
void ShiftedReluGelu(float* x, int64_t n, float cutoff);
// x = cap · tanh(x / cap).
void SoftcapRow(float* x, int64_t n, float cap);
void Softmax(float* x, int64_t n);
// y = Σ_k coefficients[k] · x[k] over k < count.  In place if y is one of the x.
void Mix(const float* const* x, const float* coefficients, int64_t count, int64_t n, float* y);

// Converts to float32, and from it (to bfloat16: rounds to nearest even and keeps NaN).
void WidenTo(const void* x, ElementType type, int64_t n, float* y);
// The same from any float format (IsFloat).  Throws RunError for another.
void WidenTo(const void* x, DType dtype, int64_t n, float* y);
void NarrowTo(const float* x, int64_t n, ElementType type, void* y);
// Codes of x, whose largest magnitude becomes ±127, rounded to nearest even.  Returns their scale: x ≈ code ·
// scale.  A value that is infinite or not a number makes the scale NaN.
float QuantiseRow(const float* x, int64_t n, int8_t* codes);

}  // namespace plelab
