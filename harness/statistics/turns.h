// What the statistics of a crossover design see of a repetition: who took which step how long, and after
// whom.
#pragma once

#include <cstdint>
#include <vector>

namespace plelab {

struct Turn {
  int64_t step = 0;
  int64_t variant = 0, predecessor = 0;  // numbers of the variants, from 0
  double ns = 0;
};
using RepTurns = std::vector<Turn>;  // the turns of one repetition, in any order

}  // namespace plelab
