// What a training run computes, and how fast this machine could.
#pragma once

#include <cstdint>

#include "model/training/text_trainee.h"

namespace plelab {

struct ParameterTotals {
  int64_t trained = 0;    // all that the arm reads
  int64_t ple_table = 0;  // of these, in the per-layer table (or the shared one): may stay on storage
  int64_t resident() const { return trained - ple_table; }
};
ParameterTotals CountTrained(TextTrainee& trainee);

// Floating-point operations that one trained token needs, forward and backward: 6 per parameter of a linear
// map (the tied head included, look-ups not) and 12 per attended key and query feature.  Norms, AltUp's
// mixing and activations are left out, as is usual (Kaplan et al. 2020).
double FlopsPerToken(TextTrainee& trainee, int64_t context);

// GFLOP/s of ATen's float32 product of 2048 × 2048 matrices with the threads that are set, the best of some.
double MeasureGemmGflops();

}  // namespace plelab
