#include "tests/support/vision_golden.h"

#include <gtest/gtest.h>

#include "model/base/format.h"
#include "model/checkpoint/tensor_spec.h"
#include "model/weights/random_tensor.h"

namespace plelab {

VisionGolden::VisionGolden(const std::string& name)
    : tensors(ReadTensors(Format("{}/tests/data/vision/{}.safetensors", PLELAB_SOURCE_DIR, name))) {
  config.hidden_size = kVisionOutputChannels;
  config.architecture = "mobilenetv5_300m_enc";
  config.channel_multiplier = (*this)["width"].item<double>();
}

torch::Tensor VisionGolden::Pixels() const {
  const torch::Tensor& size = (*this)["size"];
  const int64_t* const sizes = size.const_data_ptr<int64_t>();
  const torch::Tensor values = torch::empty({sizes[0], sizes[1], sizes[2], sizes[3]});
  const TensorSpec spec = MakeSpec("pixels", {values.numel()}, ParameterGroup::kVisionTower);
  RandomTensor(kSeed, spec).Fill(0, {values.data_ptr<float>(), static_cast<size_t>(values.numel())});
  return values - 0.5;
}

void VisionGolden::ExpectFloat32(const torch::Tensor& out) const {
  const int64_t images = (*this)["size"][0].item<int64_t>();
  ASSERT_EQ(out.sizes(), (std::vector<int64_t>{images, 256, kVisionOutputChannels}));
  ASSERT_EQ(out.scalar_type(), torch::kFloat32);
  const double tolerance = 2e-4 * (*this)["max_float32"].item<double>();
  EXPECT_LE(MaxAbs(Stored(out) - (*this)["out_float32"]), tolerance);
  EXPECT_LE(MaxAbs(out.mean(-1) - (*this)["mean_float32"]), tolerance);
  EXPECT_LE(MaxAbs(out.square().mean(-1).sqrt() - (*this)["rms_float32"]), tolerance);
  const double difference = MaxAbs(Stored(out) - (*this)["out_float32"]);
  ::testing::Test::RecordProperty("of_maximum", std::to_string(difference / (tolerance / 2e-4)));
}

}  // namespace plelab
