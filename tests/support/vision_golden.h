// Goldens of scripts/reference/make_vision_goldens.py.  Weights and pixels are drawn; a sample of the output
// is stored.
#pragma once

#include <torch/types.h>

#include <string>

#include "model/vision/vision_tower.h"
#include "tests/support/golden.h"

namespace plelab {

struct VisionGolden {
  static constexpr uint64_t kSeed = 11;
  explicit VisionGolden(const std::string& name);
  const torch::Tensor& operator[](const std::string& tensor) const { return tensors.at(tensor); }

  torch::Tensor Pixels() const;  // [images, 3, height, width]
  VisionWeights Weights(DType dtype) const { return RandomVisionWeights(config, kSeed, dtype); }
  torch::Tensor Stored(const torch::Tensor& out) const { return out.index_select(1, (*this)["tokens"]); }
  // Compares every token of `out` with the float32 reference, to within 2e-4 of its largest magnitude.
  void ExpectFloat32(const torch::Tensor& out) const;

  TensorMap tensors;
  VisionConfig config;
};

}  // namespace plelab
