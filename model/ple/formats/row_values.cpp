#include "model/ple/formats/row_values.h"

#include <cstdint>
#include <cstring>

#include "model/base/error.h"
#include "model/base/half_floats.h"

namespace plelab {
namespace {

template <class F>
void Widen(std::span<const std::byte> bytes, std::span<float> values, F from_bits) {
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes.data() + i * sizeof bits, sizeof bits);
    values[i] = from_bits(bits);
  }
}

template <class F>
void Narrow(std::span<const float> values, std::span<std::byte> bytes, F to_bits) {
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = to_bits(values[i]);
    std::memcpy(bytes.data() + i * sizeof bits, &bits, sizeof bits);
  }
}

[[noreturn]] void RefuseFormat(DType dtype) {
  throw RunError("rows of {} have no values; expected a float format", Name(dtype));
}

}  // namespace

void LoadValues(DType dtype, std::span<const std::byte> bytes, std::span<float> values) {
  if (values.empty()) return;
  switch (dtype) {
    case DType::kFloat32:
      std::memcpy(values.data(), bytes.data(), bytes.size());
      return;
    case DType::kBFloat16:
      return Widen(bytes, values, FromBFloat16);
    case DType::kFloat16:
      return Widen(bytes, values, FromFloat16);
    default:
      RefuseFormat(dtype);
  }
}

void StoreValues(DType dtype, std::span<const float> values, std::span<std::byte> bytes) {
  if (values.empty()) return;
  switch (dtype) {
    case DType::kFloat32:
      std::memcpy(bytes.data(), values.data(), bytes.size());
      return;
    case DType::kBFloat16:
      return Narrow(values, bytes, ToBFloat16);
    case DType::kFloat16:
      return Narrow(values, bytes, ToFloat16);
    default:
      RefuseFormat(dtype);
  }
}

float RoundToBFloat16(float value) { return FromBFloat16(ToBFloat16(value)); }

}  // namespace plelab
