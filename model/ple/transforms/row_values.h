// Values of rows as float32, and back to the table's dtype.
#pragma once

#include <cstddef>
#include <span>

#include "model/base/dtype.h"

namespace plelab {

// float32 and bfloat16, the dtypes of published tables.
bool HasRowValues(DType dtype);
// bytes [n · SizeOf(dtype)] → values [n], exact.
void LoadValues(DType dtype, std::span<const std::byte> bytes, std::span<float> values);
// The inverse, rounded to the nearest, ties to even.
void StoreValues(DType dtype, std::span<const float> values, std::span<std::byte> bytes);

// `value` as it is after a round trip through bfloat16.
float RoundToBFloat16(float value);

}  // namespace plelab
