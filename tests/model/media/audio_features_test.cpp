#include "model/media/audio_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numbers>

#include "model/weights/random_tensor.h"
#include "tests/support/golden.h"
#include "tests/support/media.h"

namespace plelab {
namespace audio_features_test {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MediaPath;
using testing::PublishedProcessor;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

const std::string kPublished = PLELAB_SOURCE_DIR "/tests/data/published_e2b";

AudioProcessor ReadFrom(const nlohmann::json& config) {
  const TemporaryFolder folder;
  WriteText(folder / "preprocessor_config.json", config.dump());
  return ReadAudioProcessor(folder.path());
}

AudioProcessor With(const nlohmann::json& changes) {
  auto config = PublishedProcessor();
  for (const std::string derived : {"frame_length", "hop_length", "fft_length"}) config[derived] = nullptr;
  config.update(changes);
  return ReadFrom(config);
}

// The same as `waveform` in media_files.py: a rising tone, a steady one, and noise in every bin.
torch::Tensor Waveform(int64_t samples) {
  const auto waveform = torch::empty({samples}, torch::kFloat32);
  float* x = waveform.data_ptr<float>();
  RandomTensor(7, MakeSpec("waveform", {samples, 400}, ParameterGroup::kAudioTower))
      .Fill(0, {x, static_cast<size_t>(samples)});
  constexpr double kTurn = 2 * std::numbers::pi;
  for (int64_t i = 0; i < samples; ++i) {
    const double t = static_cast<double>(i) / 16'000;
    x[i] += static_cast<float>(0.3 * std::sin(kTurn * (200 * t + 150 * t * t)) +
                               0.1 * std::sin(kTurn * 3000 * t));
  }
  return waveform;
}

// The extractor's output before its logarithm and its normalisation per bin.
torch::Tensor Linear(const torch::Tensor& mel, const AudioProcessor& p) {
  auto x = mel.to(torch::kFloat64);
  if (!p.per_bin_stddev.empty()) x = x * torch::tensor(p.per_bin_stddev, torch::kFloat64);
  if (!p.per_bin_mean.empty()) x = x + torch::tensor(p.per_bin_mean, torch::kFloat64);
  return x.exp();
}

// Compares in linear mel, because empty bins hold rounding noise whose logarithms differ between correct
// implementations.
void ExpectEqualsGolden(const std::string& name, int64_t samples, const AudioProcessor& processor) {
  static const TensorMap goldens = ReadTensors(MediaPath("mel.safetensors"));
  const MelFrames frames = LogMel(Waveform(samples), processor);
  EXPECT_EQ(frames.mel.scalar_type(), torch::kFloat32) << name;
  EXPECT_TRUE(torch::equal(frames.mask, goldens.at(name + ".mask").logical_not())) << name;
  ASSERT_EQ(frames.mel.size(0), frames.mask.numel()) << name;
  EXPECT_EQ(frames.mel.size(0), MelFrameCount(samples, processor)) << name;
  const auto ours = Linear(frames.mel.index_select(0, goldens.at(name + ".frames")), processor);
  const auto reference = Linear(goldens.at(name + ".mel"), processor);
  const auto bound = 1e-4 * std::get<0>(reference.max(1, /*keepdim=*/true));
  EXPECT_LE(MaxAbs((ours - reference) / bound), 1) << name;
}

// Recipe: scripts/reference/make_feature_goldens.py.
TEST(AudioFeatures, LogMelEqualsTheReferences) {
  ExpectEqualsGolden("one_frame", 513, {});
  ExpectEqualsGolden("three_tenths", 4'800, {});
  ExpectEqualsGolden("padded", 16'001, {});
  ExpectEqualsGolden("twenty_nine_seconds", 29 * 16'000, {});
}

TEST(AudioFeatures, EverySettingOfTheExtractorIsHonoured) {
  ExpectEqualsGolden(
      "plain_preemphasis", 3'000,
      With({{"preemphasis_htk_flavor", false}, {"preemphasis", 0.9}, {"fft_overdrive", false}}));
  ExpectEqualsGolden("no_preemphasis", 3'000,
                     With({{"preemphasis", 0.0},
                           {"feature_size", 40},
                           {"frame_length_ms", 25.0},
                           {"hop_length_ms", 5.0},
                           {"min_frequency", 0.0},
                           {"max_frequency", 8000.0},
                           {"mel_floor", 0.5}}));
  ExpectEqualsGolden("per_bin", 3'000,
                     With({{"feature_size", 4},
                           {"per_bin_mean", {1.0, -2.0, 0.5, 0.0}},
                           {"per_bin_stddev", {2.0, 0.5, 1.0, 3.0}},
                           {"input_scale_factor", 0.25},
                           {"padding_value", 0.1}}));
}

TEST(AudioFeatures, SilenceIsTheFloorInEveryBin) {
  const MelFrames frames = LogMel(torch::zeros({16'000}), {});
  EXPECT_TRUE(torch::allclose(frames.mel, torch::full_like(frames.mel, std::log(1e-5)), 0, 1e-6));
}

// Frames that start in the padding are masked.  With the published settings, 128 samples of padding are fewer
// than a hop.
TEST(AudioFeatures, TheMaskMarksFramesBehindTheEnd) {
  const MelFrames frames = LogMel(torch::zeros({640 * 2 + 1}), {});  // padded to 1,408
  ASSERT_EQ(frames.mask.numel(), 6);
  EXPECT_FALSE(frames.mask.any().item<bool>());
  const MelFrames padded = LogMel(torch::zeros({1'000}), {.pad_to_multiple_of = 4'096});
  EXPECT_EQ(padded.mask.logical_not().sum().item<int64_t>(), 7);  // starts at 0, 160 … 960
  EXPECT_EQ(padded.mask.numel(), 23);
}

TEST(AudioFeatures, FramesNeedMoreThanTheirLength) {
  EXPECT_EQ(MelFrameCount(0, {}), 0);
  EXPECT_EQ(MelFrameCount(512, {}), 0);
  EXPECT_EQ(MelFrameCount(513, {}), 1);
  EXPECT_EQ(MelFrameCount(480'000, {}), 2997);
  EXPECT_EQ(LogMel(torch::zeros({512}), {}).mel.sizes().vec(), (std::vector<int64_t>{0, 128}));
}

TEST(AudioFeatures, FilesBecomeFrames) {
  const MelFrames frames = LoadAudio(MediaPath("stereo_44k.flac"), {}, /*truncate=*/false);  // 0.3 s
  const MelFrames reference =
      LogMel(ReadTensors(MediaPath("resampled.safetensors")).at("stereo_44k.flac"), {});
  EXPECT_EQ(frames.mel.sizes().vec(), (std::vector<int64_t>{MelFrameCount(4'800, {}), 128}));
  EXPECT_TRUE(torch::equal(frames.mask, reference.mask));
  const auto linear = Linear(reference.mel, {});
  EXPECT_LE(MaxAbs(Linear(frames.mel, {}) - linear), 1e-3 * MaxAbs(linear));
}

TEST(AudioFeatures, SoundsWithoutAFrameOrOutOfScaleAreRefused) {
  const TemporaryFolder folder;
  const std::string whole = ReadText(MediaPath("float_16k.wav"));
  const size_t data = whole.find("data") + 8;
  const auto wav = [&](uint32_t samples, float value) {
    std::string bytes = whole.substr(0, data);
    const uint32_t size = 4 * samples;
    std::memcpy(bytes.data() + data - 4, &size, 4);
    for (uint32_t i = 0; i < samples; ++i) bytes.append(reinterpret_cast<const char*>(&value), 4);
    return testing::WriteMedia(folder, "sound.wav", bytes);
  };
  for (const uint32_t samples : {1u, 512u}) {
    const std::string path = wav(samples, 0.1f);
    EXPECT_THAT(ErrorOf([&] { LoadAudio(path, {}, false); }), AllOf(HasSubstr(path), HasSubstr("too short")));
  }
  EXPECT_EQ(LoadAudio(wav(513, 0.1f), {}, false).mel.size(0), 1);
  const std::string loud = wav(600, 3e38f);
  EXPECT_THAT(ErrorOf([&] { LoadAudio(loud, {}, false); }), HasSubstr("overflow"));
}

TEST(AudioProcessor, ThePublishedFileIsTheDefault) {
  const AudioProcessor published = ReadAudioProcessor(kPublished), standard;
  EXPECT_EQ(published.sampling_rate, standard.sampling_rate);
  EXPECT_EQ(published.feature_size, standard.feature_size);
  EXPECT_EQ(published.frame_length, standard.frame_length);
  EXPECT_EQ(published.hop_length, standard.hop_length);
  EXPECT_EQ(published.fft_length, standard.fft_length);
  EXPECT_EQ(published.min_frequency, standard.min_frequency);
  EXPECT_EQ(published.max_frequency, standard.max_frequency);
  EXPECT_EQ(published.preemphasis, standard.preemphasis);
  EXPECT_EQ(published.preemphasis_htk_flavor, standard.preemphasis_htk_flavor);
  EXPECT_EQ(published.mel_floor, standard.mel_floor);
  EXPECT_TRUE(published.per_bin_mean.empty());
  const TemporaryFolder empty;
  EXPECT_EQ(ReadAudioProcessor(empty.path()).fft_length, 1024);
}

TEST(AudioProcessor, WhatIsNotDoneHereIsRefusedByName) {
  const auto error = [](const std::string& key, const nlohmann::json& value) {
    auto config = PublishedProcessor();
    config[key] = value;
    return ErrorOf([&] { ReadFrom(config); });
  };
  EXPECT_THAT(error("dither", 1e-4), AllOf(HasSubstr("preprocessor_config.json"), HasSubstr("'dither'")));
  EXPECT_THAT(error("padding_side", "left"), HasSubstr("'padding_side'"));
  EXPECT_THAT(error("frame_length", 400), AllOf(HasSubstr("'frame_length'"), HasSubstr("512")));
  EXPECT_THAT(error("fft_overdrive", false), HasSubstr("'fft_length'"));
  EXPECT_THAT(error("max_frequency", 100), HasSubstr("'max_frequency'"));
  EXPECT_THAT(error("mel_floor", 0), HasSubstr("'mel_floor'"));
  EXPECT_THAT(error("per_bin_mean", {1.0, 2.0}), AllOf(HasSubstr("'per_bin_mean'"), HasSubstr("128")));
  EXPECT_THAT(error("feature_extractor_type", "WhisperFeatureExtractor"), HasSubstr("Whisper"));
  EXPECT_THAT(error("sampling_rate", "16k"), HasSubstr("'sampling_rate'"));
}

TEST(AudioProcessor, LengthsComeFromMillisecondsAndRate) {
  EXPECT_EQ(With({{"fft_overdrive", false}}).fft_length, 512);
  EXPECT_EQ(With({{"frame_length_ms", 33}}).frame_length, 528);
  EXPECT_EQ(With({{"frame_length_ms", 33}}).fft_length, 2048);
  EXPECT_EQ(With({{"frame_length_ms", 1000}}).frame_length, 16'000);
  EXPECT_EQ(With({{"hop_length_ms", 0.1}}).hop_length, 2) << "1.6 samples";
  EXPECT_EQ(With({{"hop_length_ms", 0.1}, {"sampling_rate", 1'000}}).hop_length, 1) << "never none";
  EXPECT_EQ(With({{"sampling_rate", 8'000}}).frame_length, 256) << "32 ms where the file says nothing";
  EXPECT_EQ(With({{"sampling_rate", 8'000}}).hop_length, 80);
  EXPECT_EQ(With({{"sampling_rate", 768'000}}).hop_length, 7'680);
}

TEST(AudioProcessor, ValuesRightBehindTheirLimitsAreNamed) {
  const auto error = [](const nlohmann::json& changes) { return ErrorOf([&] { With(changes); }); };
  EXPECT_THAT(error({{"frame_length_ms", 1000.5}}), HasSubstr("expected at most 1000 ms, found 1000.5"));
  EXPECT_THAT(error({{"hop_length_ms", 0.05}}), HasSubstr("expected a number ≥ 0.1, found 0.05"));
  EXPECT_THAT(error({{"sampling_rate", 999}}), HasSubstr("from 1000 to 768000, found 999"));
  EXPECT_THAT(error({{"sampling_rate", 768'001}}), HasSubstr("from 1000 to 768000, found 768001"));
  EXPECT_THAT(error({{"feature_size", 0}}), HasSubstr("from 1 to 4096, found 0"));
  EXPECT_THAT(error({{"feature_size", 4097}}), HasSubstr("from 1 to 4096, found 4097"));
  EXPECT_THAT(error({{"min_frequency", -1}}), HasSubstr("'min_frequency': expected a number ≥ 0, found -1"));
  EXPECT_THAT(error({{"max_frequency", 125}}), HasSubstr("expected more than min_frequency, 125, found 125"));
  EXPECT_THAT(error({{"preemphasis", -0.5}}), HasSubstr("'preemphasis': expected a number ≥ 0, found -0.5"));
  EXPECT_THAT(error({{"feature_size", 2}, {"per_bin_stddev", {1.0}}}),
              HasSubstr("'per_bin_stddev': expected 2 numbers or null, found 1"));
  EXPECT_THAT(
      error({{"hop_length", 161}}),
      HasSubstr(
          "'hop_length': expected 160, as the reference computes it from milliseconds and rate, found"));
  EXPECT_THAT(error({{"padding_side", "left"}}), HasSubstr("'padding_side': expected right, found left"));
  EXPECT_EQ(error({{"padding_side", nullptr}, {"feature_extractor_type", nullptr}, {"min_frequency", 0}}),
            "no error");
}

}  // namespace audio_features_test
}  // namespace plelab
