// Weights drawn in memory, tensor by tensor, for tests, timing and training.  They have the values that
// `plelab synth` writes.
#pragma once

#include <cstdint>

#include "model/base/dtype.h"
#include "model/checkpoint/tensor_spec.h"
#include "model/weights/linear_weight.h"

namespace plelab {

// A visitor for ForEachTensor that draws every tensor (random_tensor.h); unused k/v are left undefined.
class FillWithRandom {
 public:
  // Throws UserError unless dtype is float32 or bfloat16.
  FillWithRandom(uint64_t seed, DType dtype);
  void operator()(const TensorSpec& spec, torch::Tensor& field) const;
  void operator()(const TensorSpec& spec, LinearWeight& field) const;  // in the field's layout

 private:
  torch::Tensor Draw(const TensorSpec& spec) const;
  uint64_t seed_;
  DType dtype_;
};

}  // namespace plelab
