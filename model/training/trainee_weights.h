// First weights of what is trained, and how a linear map of it is computed.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/base/dtype.h"
#include "model/catalog/text_weights.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

// The row of both embedding tables that pads: 0, and without gradient in the reference.
inline constexpr int64_t kPaddingRow = 0;

// Vectors are 1, matrices as RandomTensor draws them, row kPaddingRow of the text's tables 0.
torch::Tensor InitialValues(const TensorSpec& spec, uint64_t seed);

inline torch::Tensor& ValuesOf(torch::Tensor& field) { return field; }
inline torch::Tensor& ValuesOf(LinearWeight& field) { return field.values; }

// Row-major, rounded to `products` (kFloat32 or kBFloat16) for each product.
inline void DescribeTrained(torch::Tensor&, const TensorSpec&, DType) {}
void DescribeTrained(LinearWeight& field, const TensorSpec& spec, DType products);

}  // namespace plelab
