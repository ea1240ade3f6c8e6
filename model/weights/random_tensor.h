// Random weights as a pure function of (seed, tensor name, element index): any piece of any tensor can be
// drawn alone, in any order, by any number of threads, and by any other program.  The whole definition, in
// wrapping 64-bit and 32-bit arithmetic:
//
//   fnv(name)  = FNV-1a, 64 bits, of the bytes of the name
//   mix(x)     = the finaliser of splitmix64:
//                x ^= x >> 30; x *= 0xbf58476d1ce4e5b9; x ^= x >> 27; x *= 0x94d049bb133111eb; x ^= x >> 31
//   key(block) = mix(fnv(name) ^ mix(seed + 0x9e3779b97f4a7c15) ^ block), block = index >> 32;
//                key.high and key.low are its high and low 32 bits
//   x          = low32(index) ^ key.high;
//                x ^= x >> 16; x *= 0x7feb352d; x += key.low; x ^= x >> 15; x *= 0x846ca68b; x ^= x >> 16
//   z          = the sum of the four bytes of x, minus 510: in [−510, 510], nearly normal, variance 21,845
//   value      = float32(mean + float32(scale) · z), rounded to nearest even for bfloat16
//
// Matrices (two or more dimensions) have mean 0 and scale 1 / √(21845 · fan_in), so that std is 1/√fan_in.
// Vectors have scale 1/2048 (std 0.072); the mean is 0 for biases (names ending in `.bias`) and 1 for norms
// and scales. scripts/reference/random_tensor.py is the same function in numpy.
#pragma once

#include <cstdint>
#include <span>

#include "model/checkpoint/tensor_spec.h"

namespace plelab {

class RandomTensor {
 public:
  RandomTensor(uint64_t seed, const TensorSpec& spec);

  // Draws elements first … first + out.size() − 1 of the flattened tensor.
  void Fill(int64_t first, std::span<float> out) const;
  // The same, as the bits of bfloat16 values.
  void FillBFloat16(int64_t first, std::span<uint16_t> out) const;

 private:
  uint64_t name_and_seed_ = 0;
  float mean_ = 0, scale_ = 0;
};

}  // namespace plelab
