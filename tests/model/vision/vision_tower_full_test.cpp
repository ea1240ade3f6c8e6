// Compares the published vision tower (294,126,912 parameters, 768 × 768) with timm.  Recipe:
// scripts/reference/make_vision_goldens.py.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "model/catalog/vision_weight_list.h"
#include "model/vision/vision_tower.h"
#include "tests/support/vision_golden.h"

namespace plelab {
namespace vision_tower_full_test {

TEST(VisionTowerFull, IsTheReferences) {
  const VisionGolden golden("full");
  VisionWeights weights = golden.Weights(DType::kFloat32);
  int64_t parameters = 0;
  ForEachTensor(MakeVisionArchitecture(golden.config), weights,
                [&](const TensorSpec&, const torch::Tensor& field) { parameters += field.numel(); });
  EXPECT_EQ(parameters, 294'126'912);
  const torch::NoGradGuard no_grad;
  golden.ExpectFloat32(EncodeImages(golden.Pixels(), weights, golden.config));
}

}  // namespace vision_tower_full_test
}  // namespace plelab
