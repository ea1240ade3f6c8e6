// Element types of stored tensors, without torch.
#pragma once

#include <cstdint>
#include <string_view>

namespace plelab {

enum class DType { kFloat32, kBFloat16, kFloat16, kInt8, kUInt8, kInt32, kInt64, kBool };

// True for the formats in which weights and rows may be stored: float32, bfloat16 and float16.
bool IsFloat(DType dtype);
// Bytes of one element.
int64_t SizeOf(DType dtype);
// The project's spelling: "float32", "bfloat16", …
std::string_view Name(DType dtype);
// Inverse of Name.  Throws UserError naming the known dtypes.
DType ParseDType(std::string_view name);
// safetensors' spelling: "F32", "BF16", …
std::string_view SafetensorsName(DType dtype);
// Inverse of SafetensorsName.  Throws UserError for a spelling that this project does not read.
DType ParseSafetensorsDType(std::string_view name);

}  // namespace plelab
