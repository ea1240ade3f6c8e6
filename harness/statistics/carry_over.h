// Whether a turn depends on whose turn was before it.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/statistics/turns.h"

namespace plelab {

struct CarryOver {
  double p = 0;              // of the hypothesis that nobody's time depends on the predecessor
  int64_t variant = -1;      // the pair that deviates most, for a message: this variant …
  int64_t predecessor = -1;  // … after this one
  double effect_ns = 0;      // is slower by this much than it is otherwise
};

// Tests predecessor × variant by permutation.  In a balanced order a twin of the baseline is disturbed as
// much as the baseline, so their difference does not show a disturbance; this does. The statistic is Σ n
// (mean of a cell − mean of its variant)² over the cells (variant, predecessor), of times from which the
// medians of their variant and then of their step were taken, and which are clipped at 3 interquartile ranges
// around their variant's median, so that a few stalls decide nothing.  Predecessors are permuted within
// (repetition, variant). The p-value counts the observed order as one of the permutations, so that it is
// never 0.  NaN where no variant has two predecessors.
CarryOver TestCarryOver(const std::vector<RepTurns>& reps, int64_t n, int64_t permutations, uint64_t seed);

}  // namespace plelab
