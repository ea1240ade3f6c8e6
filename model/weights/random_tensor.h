// Random weights as a pure function of (seed, tensor name, element index): any piece of any tensor can be
// made alone, in any order, by any number of threads, and by any other program.  In full, with 64- and 32-bit
// wrapping arithmetic:
//
//   fnv(name)  = FNV-1a, 64 bits, of the name's bytes
//   mix(x)     = splitmix64's finaliser: x ^= x >> 30; x *= 0xbf58476d1ce4e5b9; x ^= x >> 27; x *=
//   0x94d049bb133111eb;
//                x ^= x >> 31
//   key(block) = mix(fnv(name) ^ mix(seed + 0x9e3779b97f4a7c15) ^ block), block = index >> 32; high and low
//   32 bits x          = low32(index) ^ key.high; x ^= x >> 16; x *= 0x7feb352d; x += key.low; x ^= x >> 15;
//   x *= 0x846ca68b;
//                x ^= x >> 16
//   z          = the sum of x's four bytes − 510              in [−510, 510], nearly normal, variance 21,845
//   value      = float32(mean + float32(scale) · z)           rounded to nearest even for bfloat16
//
// Matrices (two dimensions and more): mean 0, scale 1 / √(21845 · fan_in), so that std is 1/√fan_in.
// Vectors: norms and scales mean 1, biases (names ending in `.bias`) mean 0; scale 1/2048 (std 0.072).
// scripts/reference/random_tensor.py is the same in numpy.
#pragma once

#include <cstdint>
#include <span>

#include "model/checkpoint/tensor_spec.h"

namespace plelab {

class RandomTensor {
 public:
  RandomTensor(uint64_t seed, const TensorSpec& spec);

  // Elements first … first + out.size() − 1 of the flattened tensor.
  void Fill(int64_t first, std::span<float> out) const;
  // The same as bits of bfloat16.
  void FillBFloat16(int64_t first, std::span<uint16_t> out) const;

 private:
  uint64_t name_and_seed_ = 0;
  float mean_ = 0, scale_ = 0;
};

}  // namespace plelab
