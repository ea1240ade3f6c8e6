// Converts values of rows to float32 and back to the table's dtype.
#pragma once

#include <cstddef>
#include <span>

#include "model/base/dtype.h"

namespace plelab {

// Converts bytes [n · SizeOf(dtype)] to values [n], exactly.  The dtype must be a float format (IsFloat).
void LoadValues(DType dtype, std::span<const std::byte> bytes, std::span<float> values);
// Inverse of LoadValues; rounds to the nearest, ties to even.  A value that float16 cannot hold is infinite.
void StoreValues(DType dtype, std::span<const float> values, std::span<std::byte> bytes);

// `value` after conversion to bfloat16 and back.
float RoundToBFloat16(float value);

}  // namespace plelab
