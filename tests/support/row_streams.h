// Streams of rows for tests of caches.  Free of torch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace plelab {

// Rows below `rows` that are asked for unequally often: the smallest of three draws.
inline std::vector<int64_t> UnequalRows(int64_t length, int64_t rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&] { return static_cast<int64_t>(random() % static_cast<uint64_t>(rows)); };
  std::vector<int64_t> stream;
  for (int64_t i = 0; i < length; ++i) stream.push_back(std::min({draw(), draw(), draw()}));
  return stream;
}

}  // namespace plelab
