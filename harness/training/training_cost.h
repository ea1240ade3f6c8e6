// How much a training run computes, and how fast this machine could compute it.
#pragma once

#include <cstdint>

#include "model/training/text_trainee.h"

namespace plelab {

struct ParameterTotals {
  int64_t trained = 0;    // all parameters that the arm reads
  int64_t ple_table = 0;  // of these, in the per-layer table (or the shared one), which may stay on storage
  int64_t resident() const { return trained - ple_table; }
};
ParameterTotals CountTrained(TextTrainee& trainee);

// Floating-point operations that training on one token needs, forward and backward: 6 per parameter of a
// linear map (the head included, look-ups excluded) and 12 per attended key and query feature.  Norms,
// AltUp's mixing and activations are not counted, as is usual (Kaplan et al. 2020).
double FlopsPerToken(TextTrainee& trainee, int64_t context);

// GFLOP/s of ATen's float32 product of 2048 × 2048 matrices with the current number of threads, the best of
// several.
double MeasureGemmGflops();

}  // namespace plelab
