// The values of a linear map and how they are stored.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace plelab {

enum class WeightFormat { kFloat32, kBFloat16 };
enum class WeightLayout { kRowMajor, kTransposed };

// A linear map of shape [out, in].  Multiply with MatMul (model/ops/matmul.h) only.
struct LinearWeight {
  // kRowMajor: [out, in]; kTransposed: [in, out].  Contiguous, and 64-byte aligned when loaded.
  torch::Tensor values;
  WeightFormat format = WeightFormat::kFloat32;
  WeightLayout layout = WeightLayout::kRowMajor;
  int64_t out = 0;
  int64_t in = 0;
  int64_t nbytes() const { return values.defined() ? static_cast<int64_t>(values.nbytes()) : 0; }
};

}  // namespace plelab
