// Rounds rows of float32 weights to the codes and scales of model/kernels/matrix.h.
#pragma once

#include <cstdint>
#include <span>

namespace plelab {

// How the scale of a group of int4 values is chosen.
enum class Rounding {
  // The value of largest magnitude becomes exactly −8: llama.cpp's Q4_0, bit for bit.
  kNearest,
  // Of several scales near that one and near its negation, the one with the least squared error.
  kSearch,
};

// codes [x.size()].  Returns the scale: the largest magnitude becomes ±127.  Zeros have scale 0.
float QuantiseInt8(std::span<const float> x, int8_t* codes);

// x.size() is a multiple of `group`, which is a multiple of kNibbleBlock.  codes [x.size() / 2], scales
// [x.size() / group] as float16 bits.
void QuantiseInt4(std::span<const float> x, int64_t group, Rounding rounding, uint8_t* codes,
                  uint16_t* scales);

}  // namespace plelab
