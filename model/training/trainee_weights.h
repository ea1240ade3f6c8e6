// Initial values of trained weights, and how their linear maps are computed.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/base/dtype.h"
#include "model/catalog/text_weights.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

// The padding row of both embedding tables: zeros, and in the reference without gradient.
inline constexpr int64_t kPaddingRow = 0;

// Vectors are 1, matrices are drawn by RandomTensor, and row kPaddingRow of the text's tables is 0.
torch::Tensor InitialValues(const TensorSpec& spec, uint64_t seed);

inline torch::Tensor& ValuesOf(torch::Tensor& field) { return field; }
inline torch::Tensor& ValuesOf(LinearWeight& field) { return field.values; }

// Sets a linear map to row-major, with operands rounded to `products` (kFloat32 or kBFloat16) in each
// product.
inline void DescribeTrained(torch::Tensor&, const TensorSpec&, DType) {}
void DescribeTrained(LinearWeight& field, const TensorSpec& spec, DType products);

}  // namespace plelab
