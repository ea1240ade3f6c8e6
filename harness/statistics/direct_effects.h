// Differences freed of what the predecessor left behind, as in a crossover trial.
#pragma once

#include <vector>

#include "harness/statistics/turns.h"

namespace plelab {

// The least-squares effects of `n` variants on the time of a turn, where
//   ns = step + variant + predecessor + noise
// (Jones & Kenward, Design and Analysis of Cross-Over Trials, first-order carry-over).  Only their
// differences mean something.  NaN for all where the differences cannot be told from the predecessors'
// effects: with two variants, each of which always follows the other, or in a fixed order.
std::vector<double> DirectEffects(const RepTurns& turns, int64_t n);

}  // namespace plelab
