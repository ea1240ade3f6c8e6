// Turns whose times are made of effects that a test knows.
#pragma once

#include <functional>
#include <numeric>

#include "harness/plan/turn_order.h"
#include "harness/statistics/turns.h"

namespace plelab::testing {

// `steps` steps of `n` variants in a Williams order; ns(step, variant, predecessor) is the time of a turn.
inline RepTurns MakeTurns(int64_t n, int64_t steps, int64_t rep,
                          const std::function<double(int64_t, int64_t, int64_t)>& ns) {
  TurnOrder order(Order::kWilliams, n, 3, rep);
  std::vector<int64_t> live(n);
  std::iota(live.begin(), live.end(), 0);
  int64_t last = order.Next(live).back();
  RepTurns turns;
  for (int64_t step = 0; step < steps; ++step) {
    for (const int64_t variant : order.Next(live)) {
      turns.push_back({step, variant, last, ns(step, variant, last)});
      last = variant;
    }
  }
  return turns;
}

}  // namespace plelab::testing
