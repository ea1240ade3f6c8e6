// Between the project's element types and torch's.
#pragma once

#include <torch/types.h>

#include "model/io/dtype.h"

namespace plelab {

torch::ScalarType TorchType(DType dtype);

}  // namespace plelab
