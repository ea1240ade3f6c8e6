#include "model/ple/transforms/row_values.h"

#include <cstdint>
#include <cstring>

#include "model/base/bfloat16.h"

namespace plelab {
bool HasRowValues(DType dtype) { return dtype == DType::kFloat32 || dtype == DType::kBFloat16; }

void LoadValues(DType dtype, std::span<const std::byte> bytes, std::span<float> values) {
  if (values.empty()) return;
  if (dtype == DType::kFloat32) {
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes.data() + i * sizeof bits, sizeof bits);
    values[i] = FromBFloat16(bits);
  }
}

void StoreValues(DType dtype, std::span<const float> values, std::span<std::byte> bytes) {
  if (values.empty()) return;
  if (dtype == DType::kFloat32) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = ToBFloat16(values[i]);
    std::memcpy(bytes.data() + i * sizeof bits, &bits, sizeof bits);
  }
}

float RoundToBFloat16(float value) { return FromBFloat16(ToBFloat16(value)); }

}  // namespace plelab
