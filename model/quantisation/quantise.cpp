#include "model/quantisation/quantise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "model/base/half_floats.h"
#include "model/kernels/matrix.h"

namespace plelab {
namespace {

// Scales that kSearch tries: kFirst … kLast times the one that makes the extreme value −8, and their
// negations.
constexpr int kTried = 9;
constexpr float kFirst = 0.75f, kLast = 1.15f;

// The value of largest magnitude, with its sign.
float Extreme(std::span<const float> x) {
  float extreme = 0;
  for (const float value : x) {
    if (std::abs(value) > std::abs(extreme)) extreme = value;
  }
  return extreme;
}

// Adds 8.5 and cuts off, which rounds ties upwards.  In float64, as gguf's Python code has it: in float32 the
// code of a tie would depend on whether the compiler fuses the multiplication.
int CodeOf(float value, double by) {
  return std::clamp(static_cast<int>(static_cast<double>(value) * by + 8.5), 0, 15);
}

// Rounds x to multiples of `scale`, and returns the scale of least squared error for the codes that this
// gives, and that error.
struct Fit {
  float scale, error;
};
Fit FitScale(std::span<const float> x, float scale) {
  const float by = 1.0f / scale;
  float products = 0, squares = 0, energy = 0;
  for (const float value : x) {
    const float code = std::clamp(value * by + 0x1.8p23f - 0x1.8p23f, -8.0f, 7.0f);  // rounds
    products += value * code;
    squares += code * code;
    energy += value * value;
  }
  const float fitted = FromFloat16(ToFloat16(squares > 0 ? products / squares : scale));
  return {fitted, energy - 2 * fitted * products + fitted * fitted * squares};
}

float SearchScale(std::span<const float> x, float nearest) {
  if (nearest == 0) return 0;
  Fit best{nearest, std::numeric_limits<float>::infinity()};
  for (const float sign : {1.0f, -1.0f}) {
    for (int i = 0; i < kTried; ++i) {
      const float factor = kFirst + (kLast - kFirst) * static_cast<float>(i) / (kTried - 1);
      const Fit fit = FitScale(x, sign * nearest * factor);
      if (fit.error < best.error) best = fit;
    }
  }
  return best.scale;
}

// Codes of one block: value j and value 16 + j share byte j.
void WriteNibbles(std::span<const float> x, float by, uint8_t* codes) {
  constexpr int64_t kHalf = kNibbleBlock / 2;
  const auto code = [&](int64_t i) { return static_cast<uint8_t>(CodeOf(x[static_cast<size_t>(i)], by)); };
  for (int64_t j = 0; j < kHalf; ++j) codes[j] = static_cast<uint8_t>(code(j) | code(kHalf + j) << 4);
}

}  // namespace

float QuantiseInt8(std::span<const float> x, int8_t* codes) {
  const float largest = std::abs(Extreme(x));
  const float by = largest > 0 ? 127.0f / largest : 0;
  for (size_t i = 0; i < x.size(); ++i) codes[i] = static_cast<int8_t>(std::nearbyint(x[i] * by));
  return largest / 127.0f;
}

void QuantiseInt4(std::span<const float> x, int64_t group, Rounding rounding, uint8_t* codes,
                  uint16_t* scales) {
  const int64_t size = std::ssize(x);
  for (int64_t first = 0; first < size; first += group) {
    const auto values = x.subspan(static_cast<size_t>(first), static_cast<size_t>(group));
    const float nearest = Extreme(values) / -8.0f;
    const float scale = rounding == Rounding::kSearch ? SearchScale(values, nearest) : nearest;
    const float by = scale != 0 ? 1.0f / scale : 0;
    for (int64_t i = 0; i < group; i += kNibbleBlock) {
      WriteNibbles(values.subspan(static_cast<size_t>(i), kNibbleBlock), by, codes + (first + i) / 2);
    }
    scales[first / group] = ToFloat16(scale);
  }
}

}  // namespace plelab
