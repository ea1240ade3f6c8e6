// Who runs after whom.  One timed step disturbs the next (caches, read-ahead, dirty pages), so the order in
// which variants take turns is part of the measurement.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "harness/config/experiment_config.h"

namespace plelab {

// Hands out one order of the variants for each round.  `williams` is balanced for carry-over as the sequences
// of Williams (Australian Journal of Scientific Research A2, 1949) are: each variant follows each other one
// equally often.  Those sequences balance a whole square and say nothing of the joints between rounds or of
// a run that ends in the middle; here each round is chosen so that the counts of all pairs (predecessor,
// successor) that really happened, joints and warm-up included, stay within 2 of each other, and nobody
// follows itself.  `shuffled` draws each round anew.
class TurnOrder {
 public:
  // For `n` variants.  The same (order, seed, rep) gives the same rounds on every machine.
  TurnOrder(Order order, int64_t n, int64_t seed, int64_t rep);

  // The order of the next round: each of `live`, which are different numbers below n, once.  A variant that
  // failed is left out from then on.  With one live variant it follows itself.
  std::vector<int64_t> Next(std::span<const int64_t> live);
  // How often `successor` has followed `predecessor` so far.
  int64_t count(int64_t predecessor, int64_t successor) const {
    return counts_[predecessor * n_ + successor];
  }

 private:
  struct Round {
    std::vector<int64_t> order;
    int64_t cost = 0;  // what it adds to the sum of the squared counts
  };
  Round Draw(std::span<const int64_t> live);
  void Count(const std::vector<int64_t>& round);

  Order order_;
  int64_t n_;
  std::mt19937_64 random_;
  std::vector<int64_t> counts_;  // [predecessor, successor]
  int64_t last_ = -1;            // who ran last; −1: nobody yet
};

}  // namespace plelab
