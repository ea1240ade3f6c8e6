#include "harness/plan/turn_order.h"

#include <algorithm>

#include "model/base/random_bits.h"

namespace plelab {
namespace {

// Random rounds among which the most even one is taken.  Tried for 2 to 16 variants and up to 600 rounds: one
// draw leaves the counts up to 4 apart, 10 and 40 draws up to 2.
constexpr int kDraws = 40;

std::mt19937_64 Generator(int64_t seed, int64_t rep) {
  std::seed_seq seeds{static_cast<uint64_t>(seed), static_cast<uint64_t>(rep)};
  return std::mt19937_64(seeds);
}

}  // namespace

TurnOrder::TurnOrder(Order order, int64_t n, int64_t seed, int64_t rep)
    : order_(order), n_(n), random_(Generator(seed, rep)), counts_(n * n, 0) {}

// Goes from each variant to the one that has followed it least often so far; a shuffle decides between
// equals.
TurnOrder::Round TurnOrder::Draw(std::span<const int64_t> live) {
  std::vector<int64_t> left(live.begin(), live.end());
  Shuffle(left, [this](size_t) { return random_(); });
  if (order_ == Order::kShuffled) return {std::move(left)};
  Round round;
  for (int64_t before = last_; !left.empty(); before = round.order.back()) {
    const auto cost = [&](int64_t next) { return before < 0 ? 0 : 2 * count(before, next) + 1; };
    const auto next = std::ranges::min_element(
        left, {}, [&](int64_t candidate) { return std::pair(candidate == before, cost(candidate)); });
    round.cost += cost(*next);
    round.order.push_back(*next);
    left.erase(next);
  }
  return round;
}

void TurnOrder::Count(const std::vector<int64_t>& round) {
  for (const int64_t variant : round) {
    if (last_ >= 0) ++counts_[last_ * n_ + variant];
    last_ = variant;
  }
}

std::vector<int64_t> TurnOrder::Next(std::span<const int64_t> live) {
  Round best = Draw(live);
  for (int draw = 1; draw < kDraws && order_ == Order::kWilliams; ++draw) {
    if (Round round = Draw(live); round.cost < best.cost) best = std::move(round);
  }
  Count(best.order);
  return std::move(best.order);
}

}  // namespace plelab
