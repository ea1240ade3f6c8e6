// Compares the audio tower at its published size with transformers 5.23.0.  Recipe:
// scripts/reference/make_audio_goldens.py.  Neither the weights (681,348,640) nor the mel frames are stored:
// both sides draw them.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <string>

#include "model/audio/audio_tower.h"
#include "model/weights/random_tensor.h"
#include "tests/support/audio_golden.h"

namespace plelab {
namespace audio_tower_full_test {

constexpr int64_t kKept = 97;  // the golden keeps every 97th feature

class AudioTowerFull : public ::testing::Test {
 protected:
  AudioTowerFull() : golden_("full") {}

  // The features that the golden keeps, computed with weights in `dtype`.
  torch::Tensor Encode(DType dtype) const {
    const torch::NoGradGuard no_grad;
    const torch::Tensor& mask = golden_["mask"];
    const torch::Tensor mel = torch::empty({mask.size(0), mask.size(1), golden_.config.input_feat_size});
    TensorSpec noise = MakeSpec("mel.full", mel.sizes().vec(), ParameterGroup::kAudioTower);
    noise.fan_in = 1;
    RandomTensor(kAudioGoldenSeed, noise).Fill(0, {mel.data_ptr<float>(), static_cast<size_t>(mel.numel())});
    const AudioEncoding encoding = EncodeAudio(mel, mask, golden_.Weights(dtype), golden_.config);
    EXPECT_TRUE(torch::equal(encoding.mask, golden_["mask_out"]));
    return encoding.features.flatten().slice(0, 0, encoding.features.numel(), kKept);
  }
  AudioGolden golden_;
};

TEST_F(AudioTowerFull, Float32) {
  const torch::Tensor& reference = golden_["features_float32"];
  const torch::Tensor features = Encode(DType::kFloat32);
  ASSERT_EQ(features.sizes(), reference.sizes());
  RecordProperty("relative_error", std::to_string(MaxAbs(features - reference) / MaxAbs(reference)));
  EXPECT_LE(MaxAbs(features - reference), 2e-4 * MaxAbs(reference));
}

TEST_F(AudioTowerFull, AsCloseAsTheReferenceInBFloat16) {
  const torch::Tensor& exact = golden_["features_float32"];
  const double theirs = Rms(golden_["features_bfloat16"] - exact);
  ASSERT_GT(theirs, 0);
  const double ours = Rms(Encode(DType::kBFloat16) - exact);
  RecordProperty("ratio", std::to_string(ours / theirs));
  EXPECT_LE(ours, 1.1 * theirs);
}

}  // namespace audio_tower_full_test
}  // namespace plelab
