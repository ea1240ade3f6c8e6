// Rows that are asked for as unequally often as words.
#pragma once

#include <cmath>
#include <cstdint>

#include "model/base/random_bits.h"

namespace plelab::micro {

// The i-th of a stream of rows below `rows` by Zipf's law with exponent 1, as word frequencies roughly have
// it: the logarithm of the rank is uniform.
inline int64_t ZipfRow(uint64_t i, int64_t rows) {
  const double uniform = static_cast<double>(MixBits(i) >> 11) * 0x1p-53;
  return static_cast<int64_t>(std::exp(uniform * std::log(static_cast<double>(rows)))) - 1;
}

}  // namespace plelab::micro
