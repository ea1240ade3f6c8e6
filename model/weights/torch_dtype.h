// Converts between the project's element types and torch's.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <span>

#include "model/base/dtype.h"

namespace plelab {

torch::ScalarType TorchType(DType dtype);
// Inverse of TorchType.  Throws RunError for a type that the project does not store.
DType DTypeOf(torch::ScalarType type);

// The values of a contiguous tensor on the CPU, as they lie in memory.
inline std::span<std::byte> BytesOf(const torch::Tensor& tensor) {
  return {static_cast<std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

}  // namespace plelab
