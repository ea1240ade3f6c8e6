#include "harness/plan/run_order.h"

#include <numeric>
#include <random>

#include "model/base/random_bits.h"

namespace plelab {

std::vector<int64_t> ShuffledOrder(int64_t n, int64_t seed, int64_t stream) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::seed_seq seeds{static_cast<uint64_t>(seed), static_cast<uint64_t>(stream)};
  std::mt19937_64 generator(seeds);
  Shuffle(order, [&generator](size_t) { return generator(); });
  return order;
}

}  // namespace plelab
