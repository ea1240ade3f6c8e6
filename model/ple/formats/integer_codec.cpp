#include "model/ple/formats/integer_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "model/ple/formats/row_values.h"

namespace plelab {
namespace {

constexpr int64_t kScaleBytes = 2;
constexpr int kZeroOfNibble = 8;

int64_t IntegerBytes(int64_t dim, int64_t bits) { return (dim * bits + 7) / 8; }

float LoadScale(const std::byte* from) {
  float scale = 0;
  LoadValues(DType::kBFloat16, {from, kScaleBytes}, std::span(&scale, 1));
  return scale;
}

int LoadInteger(const std::byte* integers, int64_t bits, int64_t index) {
  if (bits == 8) return static_cast<int8_t>(integers[index]);
  const int byte = std::to_integer<int>(integers[index / 2]);
  return (index % 2 == 0 ? byte & 15 : byte >> 4) - kZeroOfNibble;
}

// REQUIRES that the bytes were zero before the first of their values is stored.
void StoreInteger(std::byte* integers, int64_t bits, int64_t index, int value) {
  if (bits == 8) {
    integers[index] = static_cast<std::byte>(value);
  } else {
    integers[index / 2] |= static_cast<std::byte>((value + kZeroOfNibble) << (index % 2 == 0 ? 0 : 4));
  }
}

}  // namespace

IntegerCodec::IntegerCodec(int64_t dim, DType dtype, int64_t bits, int64_t group)
    : dim_(dim), dtype_(dtype), bits_(bits), group_(group) {}

int64_t IntegerCodec::SliceBytes(int64_t dim, int64_t bits, int64_t group) {
  return IntegerBytes(dim, bits) + (dim + group - 1) / group * kScaleBytes;
}

void IntegerCodec::Encode(int64_t /*layer*/, std::span<const float> values,
                          std::span<std::byte> stored) const {
  const float most = bits_ == 8 ? 127 : 7;
  std::ranges::fill(stored, std::byte{0});
  std::byte* scale_at = stored.data() + IntegerBytes(dim_, bits_);
  for (int64_t begin = 0; begin < dim_; begin += group_, scale_at += kScaleBytes) {
    const auto group = values.subspan(begin, std::min(group_, dim_ - begin));
    float largest = 0;
    for (const float value : group) largest = std::max(largest, std::abs(value));
    const float scale = RoundToBFloat16(largest / most);
    StoreValues(DType::kBFloat16, std::span(&scale, 1), {scale_at, kScaleBytes});
    for (int64_t i = 0; i < std::ssize(group); ++i) {
      // Not a number where the value is none, or the scale is not finite; no integer stands for that.
      const float multiple = scale > 0 ? std::nearbyint(group[i] / scale) : 0;
      const float kept = std::isnan(multiple) ? 0 : std::clamp(multiple, -most, most);
      StoreInteger(stored.data(), bits_, begin + i, static_cast<int>(kept));
    }
  }
}

void IntegerCodec::DecodeFloats(const std::byte* stored, std::span<float> values) const {
  const std::byte* scale_at = stored + IntegerBytes(dim_, bits_);
  for (int64_t begin = 0; begin < dim_; begin += group_, scale_at += kScaleBytes) {
    const float scale = LoadScale(scale_at);
    const int64_t end = std::min(begin + group_, dim_);
    for (int64_t i = begin; i < end; ++i) {
      values[i] = scale * static_cast<float>(LoadInteger(stored, bits_, i));
    }
  }
}

void IntegerCodec::Decode(int64_t /*layer*/, const std::byte* stored, std::span<std::byte> values) const {
  thread_local std::vector<float> floats;
  floats.resize(static_cast<size_t>(dim_));
  DecodeFloats(stored, floats);
  StoreValues(dtype_, floats, values);
}

}  // namespace plelab
