#include "model/weights/random_tensor.h"

#include <algorithm>
#include <cmath>

#include "model/base/half_floats.h"
#include "model/base/random_bits.h"

// One version is compiled per instruction set and chosen when the program starts: the loop below is integer
// arithmetic that the compiler vectorises.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PLELAB_PER_INSTRUCTION_SET __attribute__((target_clones("avx2", "default")))
#else
#define PLELAB_PER_INSTRUCTION_SET
#endif

namespace plelab {
namespace {

uint64_t Fnv1a(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

struct Draw {
  uint32_t first, high, low;  // low 32 bits of the first index; both halves of its block's key
  float mean, scale;
};

inline float Value(uint32_t index, const Draw& draw) {
  uint32_t x = index ^ draw.high;
  x = (x ^ (x >> 16)) * 0x7feb352d + draw.low;
  x = (x ^ (x >> 15)) * 0x846ca68b;
  x ^= x >> 16;
  const uint32_t pairs = (x & 0x00ff00ff) + ((x >> 8) & 0x00ff00ff);
  const auto z = static_cast<int32_t>((pairs + (pairs >> 16)) & 0xffff) - 510;
  return draw.mean + draw.scale * static_cast<float>(z);
}

PLELAB_PER_INSTRUCTION_SET void FillFloats(const Draw draw, float* out, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) out[i] = Value(draw.first + i, draw);
}

PLELAB_PER_INSTRUCTION_SET void FillBFloats(const Draw draw, uint16_t* out, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) {
    out[i] = ToBFloat16(Value(draw.first + i, draw));
  }
}

// Splits [first, first + n) where the key changes (every 2³² elements), and into runs whose length fits in 32
// bits.
template <class T, class F>
void ForEachRun(uint64_t name_and_seed, int64_t first, std::span<T> out, Draw draw, F fill) {
  constexpr uint64_t kMost = uint64_t{1} << 31;
  for (uint64_t done = 0; done < out.size();) {
    const uint64_t index = static_cast<uint64_t>(first) + done;
    const uint64_t key = FinishBits(name_and_seed ^ (index >> 32));
    draw.first = static_cast<uint32_t>(index);
    draw.high = static_cast<uint32_t>(key >> 32);
    draw.low = static_cast<uint32_t>(key);
    const uint64_t to_next_block = (uint64_t{1} << 32) - draw.first;
    const uint64_t n = std::min({out.size() - done, to_next_block, kMost});
    fill(draw, out.data() + done, static_cast<uint32_t>(n));
    done += n;
  }
}

bool IsBias(const std::string& name) { return name.ends_with(".bias"); }

}  // namespace

RandomTensor::RandomTensor(uint64_t seed, const TensorSpec& spec)
    : name_and_seed_(Fnv1a(spec.name) ^ MixBits(seed)) {
  if (spec.shape.size() >= 2) {
    scale_ = static_cast<float>(1.0 / std::sqrt(21845.0 * static_cast<double>(spec.fan_in)));
  } else {
    mean_ = IsBias(spec.name) ? 0.0f : 1.0f;
    scale_ = 1.0f / 2048;  // a power of two, so the value is the same with or without a fused multiply-add
  }
}

void RandomTensor::Fill(int64_t first, std::span<float> out) const {
  ForEachRun(name_and_seed_, first, out, {0, 0, 0, mean_, scale_}, FillFloats);
}

void RandomTensor::FillBFloat16(int64_t first, std::span<uint16_t> out) const {
  ForEachRun(name_and_seed_, first, out, {0, 0, 0, mean_, scale_}, FillBFloats);
}

}  // namespace plelab
