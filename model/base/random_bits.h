// Random bits and orders that are the same with every library and on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace plelab {

// What splitmix64 does to its counter: every bit of the result depends on every bit of x.
inline uint64_t FinishBits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// One step of splitmix64.  Bits as a pure function of their number: any of them can be had alone.
inline uint64_t MixBits(uint64_t x) { return FinishBits(x + 0x9e3779b97f4a7c15); }

// Fisher and Yates: from the last item to the second, each changes places with one of 0 … its own index i,
// which the 64 bits of bits(i) choose.  Not std::shuffle, whose order differs between libraries; the bias of
// the remainder is below n / 2^64.
template <class T, class Bits>
void Shuffle(std::vector<T>& items, Bits bits) {
  for (size_t i = items.size(); i-- > 1;) std::swap(items[i], items[bits(i) % (i + 1)]);
}

}  // namespace plelab
