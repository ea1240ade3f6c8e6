#include "model/weights/torch_dtype.h"

#include "model/base/error.h"

namespace plelab {

torch::ScalarType TorchType(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return torch::kFloat32;
    case DType::kBFloat16:
      return torch::kBFloat16;
    case DType::kFloat16:
      return torch::kFloat16;
    case DType::kInt8:
      return torch::kInt8;
    case DType::kUInt8:
      return torch::kUInt8;
    case DType::kInt32:
      return torch::kInt32;
    case DType::kInt64:
      return torch::kInt64;
    case DType::kBool:
      return torch::kBool;
  }
  throw RunError("unknown element type {}", static_cast<int>(dtype));
}

DType DTypeOf(torch::ScalarType type) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16, DType::kFloat16, DType::kInt8, DType::kUInt8,
                            DType::kInt32, DType::kInt64, DType::kBool}) {
    if (TorchType(dtype) == type) return dtype;
  }
  throw RunError("tensors of {} are not stored", c10::toString(type));
}

}  // namespace plelab
