// Compares the audio tower with transformers 5.23.0 on every small golden.  Recipe:
// scripts/reference/make_audio_goldens.py.
#include "model/audio/audio_tower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>
#include <string>

#include "model/base/error.h"
#include "model/catalog/audio_weight_list.h"
#include "model/catalog/synth.h"
#include "tests/support/audio_golden.h"

namespace plelab {
namespace audio_tower_test {

class AudioParity : public ::testing::TestWithParam<std::string> {
 protected:
  AudioParity() : golden_(GetParam()) {}
  AudioEncoding Encode(DType dtype) const {
    return EncodeAudio(golden_["mel"], golden_["mask"], golden_.Weights(dtype), golden_.config);
  }
  AudioGolden golden_;
};

TEST_P(AudioParity, Float32) {
  const AudioEncoding encoding = Encode(DType::kFloat32);
  const torch::Tensor& reference = golden_["features_float32"];
  ASSERT_EQ(encoding.features.sizes(), reference.sizes());
  EXPECT_EQ(encoding.features.scalar_type(), torch::kFloat32);
  EXPECT_LE(MaxAbs(encoding.features - reference), 2e-4 * MaxAbs(reference));
  EXPECT_TRUE(torch::equal(encoding.mask, golden_["mask_out"]));
}

// The path that inference takes: without gradients, our own kernels may replace ATen's.
TEST_P(AudioParity, Float32WithoutGradients) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor& reference = golden_["features_float32"];
  EXPECT_LE(MaxAbs(Encode(DType::kFloat32).features - reference), 2e-4 * MaxAbs(reference));
}

// Our bfloat16 may be at most 1.1 × as far from the float32 reference as the reference's own bfloat16.
TEST_P(AudioParity, AsCloseAsTheReferenceInBFloat16) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor& exact = golden_["features_float32"];
  const double theirs = Rms(golden_["features_bfloat16"] - exact);
  ASSERT_GT(theirs, 0);
  const double ours = Rms(Encode(DType::kBFloat16).features - exact);
  RecordProperty("ratio", std::to_string(ours / theirs));
  EXPECT_LE(ours, 1.1 * theirs);
}

INSTANTIATE_TEST_SUITE_P(Goldens, AudioParity,
                         ::testing::Values("left", "both", "ahead", "hole", "one_frame"),
                         [](const auto& golden) { return golden.param; });

const torch::Tensor& ValuesOf(const torch::Tensor& field) { return field; }
const torch::Tensor& ValuesOf(const LinearWeight& field) { return field.values; }

TEST(AudioTower, GradientsAgreeWithTheReference) {
  const AudioGolden golden("left");
  AudioWeights weights = golden.Weights(DType::kFloat32);
  std::map<std::string, torch::Tensor> parameters = {{"mel", golden["mel"].clone()}};
  ForEachTensor(golden.config, weights,
                [&](const TensorSpec& spec, auto& field) { parameters[spec.name] = ValuesOf(field); });
  for (auto& [name, values] : parameters) values.requires_grad_(true);
  const AudioEncoding encoding = EncodeAudio(parameters["mel"], golden["mask"], weights, golden.config);
  encoding.features.square().mean().backward();
  int64_t compared = 0;
  for (const auto& [name, reference] : golden.tensors) {
    if (!name.starts_with("grad.")) continue;
    const torch::Tensor& gradient = parameters.at(name.substr(5)).grad();
    ASSERT_TRUE(gradient.defined()) << name;
    EXPECT_LE(MaxAbs(gradient - reference), 1e-3 * MaxAbs(reference)) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 7);
  for (const auto& [name, values] : parameters) {
    EXPECT_TRUE(values.grad().defined() && MaxAbs(values.grad()) > 0) << name;
  }
}

TEST(AudioTower, ABatchIsItsClips) {
  const torch::NoGradGuard no_grad;
  const AudioGolden golden("both");
  const AudioWeights weights = golden.Weights(DType::kFloat32);
  const AudioEncoding together = EncodeAudio(golden["mel"], golden["mask"], weights, golden.config);
  for (int64_t b = 0; b < 2; ++b) {
    const AudioEncoding alone =
        EncodeAudio(golden["mel"].narrow(0, b, 1), golden["mask"].narrow(0, b, 1), weights, golden.config);
    EXPECT_LE(MaxAbs(together.features.narrow(0, b, 1) - alone.features), 1e-5) << "clip " << b;
  }
}

// Masked frames affect no other frame, whatever they contain; the convolutions before the mask look at most 6
// frames ahead.
TEST(AudioTower, WhatIsInMaskedFramesDoesNotMatter) {
  const torch::NoGradGuard no_grad;
  const AudioGolden golden("left");
  const AudioWeights weights = golden.Weights(DType::kFloat32);
  torch::Tensor other = golden["mel"].clone();
  other[1].narrow(0, 131 + 6, 203 - 131 - 6).fill_(50);
  const torch::Tensor features = EncodeAudio(other, golden["mask"], weights, golden.config).features;
  EXPECT_LE(MaxAbs(features - golden["features_float32"]), 2e-4 * MaxAbs(golden["features_float32"]));
}

TEST(AudioTower, ANoFrameClipIsZeroNotNan) {
  const AudioGolden golden("both");
  const AudioWeights weights = golden.Weights(DType::kFloat32);
  const torch::Tensor mask = torch::ones({2, 187}, torch::kBool);
  const AudioEncoding encoding = EncodeAudio(golden["mel"], mask, weights, golden.config);
  EXPECT_EQ(MaxAbs(encoding.features), 0);
  EXPECT_TRUE(encoding.mask.all().item<bool>());
}

TEST(AudioTower, EveryLengthHasItsFrames) {
  const torch::NoGradGuard no_grad;
  const AudioGolden golden("left");
  const AudioWeights weights = golden.Weights(DType::kFloat32);
  for (int64_t frames = 1; frames <= 60; ++frames) {
    const torch::Tensor mel = golden["mel"].narrow(0, 0, 1).narrow(1, 0, frames);
    const AudioEncoding encoding =
        EncodeAudio(mel, torch::zeros({1, frames}, torch::kBool), weights, golden.config);
    EXPECT_EQ(encoding.features.size(1), (frames + 15) / 16) << frames;
    EXPECT_EQ(encoding.mask.size(1), (frames + 15) / 16) << frames;
    EXPECT_TRUE(encoding.features.isfinite().all().item<bool>()) << frames;
  }
}

std::string ErrorOf(const torch::Tensor& mel, const torch::Tensor& mask) {
  const AudioGolden golden("one_frame");
  try {
    EncodeAudio(mel, mask, golden.Weights(DType::kFloat32), golden.config);
  } catch (const RunError& error) {
    return error.what();
  }
  return "no error";
}

TEST(AudioTower, ShapesThatDoNotFitAreNamed) {
  using ::testing::HasSubstr;
  const torch::Tensor mask = torch::zeros({1, 4}, torch::kBool);
  EXPECT_THAT(ErrorOf(torch::zeros({1, 4, 20}), mask), HasSubstr("expected mel frames [batch, time, 21]"));
  EXPECT_THAT(ErrorOf(torch::zeros({4, 21}), mask), HasSubstr("[4, 21]"));
  EXPECT_THAT(ErrorOf(torch::zeros({1, 0, 21}), mask.narrow(1, 0, 0)), HasSubstr("[1, 0, 21]"));
  EXPECT_THAT(ErrorOf(torch::zeros({1, 4, 21}, torch::kInt64), mask), HasSubstr("Long"));
  EXPECT_THAT(ErrorOf(torch::zeros({1, 5, 21}), mask), HasSubstr("expected a mask [1, 5]"));
  EXPECT_THAT(ErrorOf(torch::zeros({1, 4, 21}), mask.to(torch::kUInt8)), HasSubstr("bool"));
}

class AudioCheckpoint : public ::testing::TestWithParam<DType> {};

TEST_P(AudioCheckpoint, LoadsWhatSynthWrote) {
  const testing::TemporaryFolder folder;
  SynthOptions options;
  options.seed = kAudioGoldenSeed;
  options.dtype = DType::kFloat32;
  WriteRandomCheckpoint(AudioGoldenConfig("both"), folder.path(), options);
  LoadOptions load;
  load.dtype = GetParam();
  int64_t total = 0;
  load.progress = [&](int64_t, int64_t total_bytes) { total = total_bytes; };
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  AudioWeights loaded = LoadAudioTower(checkpoint, load);
  std::map<std::string, torch::Tensor> drawn;
  const AudioGolden golden("both");
  AudioWeights weights = golden.Weights(GetParam());
  ForEachTensor(golden.config, weights,
                [&](const TensorSpec& spec, auto& field) { drawn[spec.name] = ValuesOf(field); });
  int64_t bytes = 0;
  ForEachTensor(golden.config, loaded, [&](const TensorSpec& spec, auto& field) {
    EXPECT_TRUE(torch::equal(ValuesOf(field), drawn.at(spec.name))) << spec.name;
    bytes += spec.elements() * 4;
  });
  EXPECT_EQ(total, bytes);  // of the tower alone
}

INSTANTIATE_TEST_SUITE_P(DTypes, AudioCheckpoint, ::testing::Values(DType::kFloat32, DType::kBFloat16),
                         [](const auto& dtype) { return std::string(Name(dtype.param)); });

TEST(AudioTower, ATextOnlyCheckpointHasNone) {
  const Checkpoint checkpoint = Checkpoint::Open(PLELAB_SOURCE_DIR "/tests/data/text/plain");
  EXPECT_THROW(LoadAudioTower(checkpoint, {}), UserError);
}

TEST(AudioTower, PublishedSizeIsCounted) {
  const AudioConfig config = *ParseConfig(ShapeConfigJson("e2b"), "e2b").audio;
  int64_t elements = 0;
  for (const TensorSpec& spec : AudioTowerTensors(config)) elements += spec.elements();
  EXPECT_EQ(elements, 681'348'640);
}

}  // namespace audio_tower_test
}  // namespace plelab
