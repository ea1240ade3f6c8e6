// Pseudo-random bits and orders that are the same with every standard library and on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace plelab {

// The finalizer of splitmix64: every bit of the result depends on every bit of x.
inline uint64_t FinishBits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// One step of splitmix64: the bits are a pure function of x, so that any of a sequence can be computed alone.
inline uint64_t MixBits(uint64_t x) { return FinishBits(x + 0x9e3779b97f4a7c15); }

// The Fisher–Yates shuffle: from the last item to the second, item i is swapped with one of 0 … i, which the
// 64 bits of bits(i) choose.  std::shuffle is not used, because its order differs between libraries.  The
// bias of taking the remainder is below n / 2^64.
template <class T, class Bits>
void Shuffle(std::vector<T>& items, Bits bits) {
  for (size_t i = items.size(); i-- > 1;) std::swap(items[i], items[bits(i) % (i + 1)]);
}

}  // namespace plelab
