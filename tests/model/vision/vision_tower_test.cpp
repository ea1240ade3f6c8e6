// Compares the vision encoder with timm 1.0.31 on every small golden.  Recipe:
// scripts/reference/make_vision_goldens.py.
#include "model/vision/vision_tower.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>
#include <string>

#include "model/base/error.h"
#include "model/catalog/synth.h"
#include "model/catalog/vision_weight_list.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vision_golden.h"

namespace plelab {
namespace vision_tower_test {

class VisionParity : public ::testing::TestWithParam<std::string> {
 protected:
  VisionParity() : golden_(GetParam()) {}
  torch::Tensor Encode(DType dtype) const {
    const torch::NoGradGuard no_grad;
    return EncodeImages(golden_.Pixels(), golden_.Weights(dtype), golden_.config);
  }
  VisionGolden golden_;
};

TEST_P(VisionParity, Float32) { golden_.ExpectFloat32(Encode(DType::kFloat32)); }

// When a gradient is wanted, ATen replaces the kernels.
TEST_P(VisionParity, Float32WithGradient) {
  golden_.ExpectFloat32(
      EncodeImages(golden_.Pixels().requires_grad_(), golden_.Weights(DType::kFloat32), golden_.config)
          .detach());
}

// Our bfloat16 may be at most 1.1 × as far from the float32 reference as the reference's own bfloat16.
TEST_P(VisionParity, AsCloseAsTheReferenceInBFloat16) {
  const torch::Tensor& exact = golden_["out_float32"];
  const double theirs = Rms(golden_["out_bfloat16"] - exact);
  ASSERT_GT(theirs, 0);
  const double ratio = Rms(golden_.Stored(Encode(DType::kBFloat16)) - exact) / theirs;
  RecordProperty("of_theirs", std::to_string(ratio));
  EXPECT_LE(ratio, 1.1);
}

INSTANTIATE_TEST_SUITE_P(Goldens, VisionParity, ::testing::Values("square", "pooled", "resized", "tiny"),
                         [](const auto& golden) { return golden.param; });

TEST(VisionTower, ABatchIsItsImages) {
  const VisionGolden golden("resized");
  const VisionWeights weights = golden.Weights(DType::kFloat32);
  const torch::Tensor pixels = golden.Pixels();
  const torch::Tensor together = EncodeImages(pixels, weights, golden.config);
  for (int64_t i = 0; i < pixels.size(0); ++i) {
    const torch::Tensor alone = EncodeImages(pixels.narrow(0, i, 1), weights, golden.config);
    EXPECT_LE(MaxAbs(together.narrow(0, i, 1) - alone), 2e-4 * MaxAbs(alone)) << "image " << i;
  }
}

TEST(VisionTower, LeavesItsInputAlone) {
  const VisionGolden golden("tiny");
  const torch::Tensor pixels = golden.Pixels().contiguous(torch::MemoryFormat::ChannelsLast);
  EncodeImages(pixels, golden.Weights(DType::kFloat32), golden.config);
  EXPECT_TRUE(torch::equal(pixels, golden.Pixels()));
}

// In training every tensor receives a gradient that is finite and not zero.
TEST(VisionTower, GradientReachesEveryWeightAndThePixels) {
  const VisionGolden golden("tiny");
  VisionWeights weights = golden.Weights(DType::kFloat32);
  const VisionArchitecture architecture = MakeVisionArchitecture(golden.config);
  ForEachTensor(architecture, weights,
                [](const TensorSpec&, torch::Tensor& field) { field.requires_grad_(); });
  const torch::Tensor pixels = golden.Pixels().requires_grad_();
  const torch::Tensor out = EncodeImages(pixels, weights, golden.config);
  (out * torch::linspace(-1, 1, out.size(-1))).square().mean().backward();
  EXPECT_GT(MaxAbs(pixels.grad()), 0);
  ForEachTensor(architecture, weights, [](const TensorSpec& spec, const torch::Tensor& field) {
    ASSERT_TRUE(field.grad().defined()) << spec.name;
    EXPECT_TRUE(field.grad().isfinite().all().item<bool>()) << spec.name;
    EXPECT_GT(MaxAbs(field.grad()), 0) << spec.name;
  });
}

// Compares the gradient with a difference quotient, in one direction over all pixels.
TEST(VisionTower, GradientIsTheSlope) {
  const VisionGolden golden("tiny");
  const VisionWeights weights = golden.Weights(DType::kFloat32);
  const auto loss = [&](const torch::Tensor& pixels) {
    const torch::Tensor out = EncodeImages(pixels, weights, golden.config);
    return (out * torch::linspace(-1, 1, out.size(-1))).to(torch::kFloat64).sum() / 1000;
  };
  const torch::Tensor pixels = golden.Pixels().requires_grad_();
  loss(pixels).backward();
  const torch::Tensor direction = torch::sin(torch::arange(pixels.numel()) * 0.7).view(pixels.sizes());
  const double slope = (pixels.grad() * direction).sum().item<double>();
  const torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-3;
  const double quotient =
      (loss(pixels + kStep * direction) - loss(pixels - kStep * direction)).item<double>() / (2 * kStep);
  EXPECT_NEAR(quotient, slope, 0.02 * std::abs(slope));
}

TEST(VisionTower, WhatDoesNotFitIsTheUsersError) {
  const VisionGolden golden("tiny");
  const VisionWeights weights = golden.Weights(DType::kFloat32);
  const auto message = [&](const torch::Tensor& pixels, const VisionConfig& config) -> std::string {
    try {
      EncodeImages(pixels, weights, config);
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string expected =
      "pixels: expected a float tensor [images, 3, height, width] with no size 0, found ";
  EXPECT_EQ(message(torch::zeros({3, 32, 32}), golden.config), expected + "Float [3, 32, 32]");
  EXPECT_EQ(message(torch::zeros({1, 1, 32, 32}), golden.config), expected + "Float [1, 1, 32, 32]");
  EXPECT_EQ(message(torch::zeros({0, 3, 32, 32}), golden.config), expected + "Float [0, 3, 32, 32]");
  EXPECT_EQ(message(torch::zeros({1, 3, 0, 32}), golden.config), expected + "Float [1, 3, 0, 32]");
  EXPECT_EQ(message(torch::zeros({1, 3, 8, 8}, torch::kUInt8), golden.config),
            expected + "Byte [1, 3, 8, 8]");
  VisionConfig narrow = golden.config;
  narrow.hidden_size = 1024;
  EXPECT_EQ(message(golden.Pixels(), narrow),
            "vision_config: key 'hidden_size': expected 2048 as mobilenetv5_300m_enc has, found 1024");
}

const std::string kMixed = PLELAB_SOURCE_DIR "/tests/data/text/mixed";  // a file without towers

class VisionCheckpoint : public ::testing::TestWithParam<DType> {};

TEST_P(VisionCheckpoint, LoadsWhatSynthWrote) {
  const testing::TemporaryFolder folder;
  SynthOptions options;
  options.seed = VisionGolden::kSeed;
  options.dtype = DType::kFloat32;
  WriteRandomCheckpoint(testing::ReadText(kMixed + "/config.json"), folder.path(), options);
  LoadOptions load;
  load.dtype = GetParam();
  int64_t total = 0;
  load.progress = [&](int64_t, int64_t total_bytes) { total = total_bytes; };
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  const VisionArchitecture architecture = MakeVisionArchitecture(*checkpoint.config().vision);
  VisionWeights loaded = LoadVisionTower(checkpoint, load);
  VisionWeights weights = RandomVisionWeights(*checkpoint.config().vision, options.seed, GetParam());
  std::map<std::string, torch::Tensor> drawn;
  ForEachTensor(architecture, weights,
                [&](const TensorSpec& spec, const torch::Tensor& field) { drawn[spec.name] = field; });
  int64_t bytes = 0;
  ForEachTensor(architecture, loaded, [&](const TensorSpec& spec, const torch::Tensor& field) {
    EXPECT_TRUE(torch::equal(field, drawn.at(spec.name))) << spec.name;
    bytes += spec.elements() * 4;
  });
  EXPECT_EQ(total, bytes);  // of the tower alone
}

INSTANTIATE_TEST_SUITE_P(DTypes, VisionCheckpoint, ::testing::Values(DType::kFloat32, DType::kBFloat16),
                         [](const auto& dtype) { return std::string(Name(dtype.param)); });

TEST(VisionTower, ACheckpointWithoutOneIsTheUsersError) {
  const Checkpoint text = Checkpoint::Open(PLELAB_SOURCE_DIR "/tests/data/text/plain");
  EXPECT_THROW(LoadVisionTower(text, {}), UserError);
  const Checkpoint lacking = Checkpoint::Open(kMixed);
  EXPECT_THROW(LoadVisionTower(lacking, {}), UserError);
}

TEST(VisionTower, PublishedSizeIsCounted) {
  VisionConfig published;  // channel_multiplier 1
  int64_t elements = 0;
  for (const TensorSpec& spec : VisionTowerTensors(published)) elements += spec.elements();
  EXPECT_EQ(elements, 294'126'912);
}

}  // namespace vision_tower_test
}  // namespace plelab
