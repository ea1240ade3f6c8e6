// The order in which processes of a round start.
#pragma once

#include <cstdint>
#include <vector>

namespace plelab {

// 0, …, n − 1, shuffled.  The same (seed, stream) gives the same order on every machine.
std::vector<int64_t> ShuffledOrder(int64_t n, int64_t seed, int64_t stream);

}  // namespace plelab
