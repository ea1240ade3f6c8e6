// Converts between the project's element types and torch's.
#pragma once

#include <torch/types.h>

#include "model/base/dtype.h"

namespace plelab {

torch::ScalarType TorchType(DType dtype);
// Inverse of TorchType.  Throws RunError for a type that the project does not store.
DType DTypeOf(torch::ScalarType type);

}  // namespace plelab
