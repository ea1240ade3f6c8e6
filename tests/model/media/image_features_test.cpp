#include "model/media/image_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/base/format.h"
#include "model/base/sha256.h"
#include "model/media/image_file.h"
#include "tests/support/golden.h"
#include "tests/support/media.h"

namespace plelab {
namespace image_features_test {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MediaPath;
using testing::PublishedProcessor;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

const std::string kPublished = PLELAB_SOURCE_DIR "/tests/data/published_e2b";

ImageProcessor ReadFrom(const nlohmann::json& config, const std::string& file = "preprocessor_config.json") {
  const TemporaryFolder folder;
  WriteText(folder / file, config.dump());
  return ReadImageProcessor(folder.path());
}

std::string ErrorWith(const std::string& key, const nlohmann::json& value) {
  auto config = PublishedProcessor();
  config[key] = value;
  return ErrorOf([&] { ReadFrom(config); });
}

// Recipe: scripts/reference/make_feature_goldens.py.  Aspect ratios from 1 : 19 to 16 : 1, larger and
// smaller.
TEST(ImageFeatures, ResizedPixelsEqualTheReferences) {
  const auto goldens = nlohmann::json::parse(ReadText(MediaPath("pictures.json")));
  ASSERT_GT(goldens.size(), 30u);
  for (const auto& [name, golden] : goldens.items()) {
    const auto pixels = ReadImage(MediaPath(name));
    for (const auto& [height, width] : {std::pair{768, 768}, {256, 256}, {40, 56}}) {
      const auto resized = ResizePixels(pixels, height, width).contiguous();
      EXPECT_EQ(resized.sizes().vec(), (std::vector<int64_t>{3, height, width}));
      const auto bytes = std::as_bytes(std::span(resized.const_data_ptr<uint8_t>(), resized.numel()));
      EXPECT_EQ(Sha256Hex(bytes), golden[Format("{}x{}", height, width)]) << name;
    }
  }
}

TEST(ImageFeatures, LoadImageIsTheResizedPixelsAsFractions) {
  const ImageProcessor processor;
  const auto image = LoadImage(MediaPath("rgba.png"), processor);
  EXPECT_EQ(image.scalar_type(), torch::kFloat32);
  EXPECT_EQ(image.sizes().vec(), (std::vector<int64_t>{3, 768, 768}));
  const auto resized = ResizePixels(ReadImage(MediaPath("rgba.png")), 768, 768);
  EXPECT_TRUE(torch::equal((image * 255).round().to(torch::kUInt8), resized));
  EXPECT_GE(image.min().item<float>(), 0.0f);
  EXPECT_LE(image.max().item<float>(), 1.0f);
}

TEST(ImageFeatures, MeanAndDeviationAreAppliedAsTheReferenceDoes) {
  auto config = PublishedProcessor();
  config["size"] = {{"height", 6}, {"width", 8}};
  config["do_normalize"] = true;
  config["image_mean"] = {0.5, 0.4, 0.3};
  config["image_std"] = {0.5, 0.25, 0.2};
  const auto image = LoadImage(MediaPath("rgb.png"), ReadFrom(config));
  const auto reference = ReadTensors(MediaPath("normalised.safetensors")).at("pixels");
  EXPECT_EQ(MaxAbs(image - reference), 0);
}

TEST(ImageFeatures, TheExtremestAspectRatioIsResized) {
  const auto line = torch::full({1, 100'000, 3}, 77, torch::kUInt8);
  EXPECT_EQ(ResizePixels(line, 768, 768).sizes().vec(), (std::vector<int64_t>{3, 768, 768}));
}

TEST(ImageProcessor, ThePublishedFileIsTheDefault) {
  const ImageProcessor published = ReadImageProcessor(kPublished), standard;
  EXPECT_EQ(published.height, standard.height);
  EXPECT_EQ(published.width, standard.width);
  EXPECT_EQ(published.rescale_factor, standard.rescale_factor);
  EXPECT_EQ(published.do_normalize, standard.do_normalize);
  const TemporaryFolder empty;
  EXPECT_EQ(ReadImageProcessor(empty.path()).height, 768);
}

TEST(ImageProcessor, TheNestedFileOfTransformers5IsReadAndWins) {
  auto image = PublishedProcessor();
  image["size"] = {{"height", 256}, {"width", 320}};
  const TemporaryFolder folder;
  WriteText(folder / "processor_config.json",
            nlohmann::json{{"image_processor", image}, {"audio_seq_length", 188}}.dump());
  WriteText(folder / "preprocessor_config.json", PublishedProcessor().dump());
  EXPECT_EQ(ReadImageProcessor(folder.path()).height, 256);
  EXPECT_EQ(ReadImageProcessor(folder.path()).width, 320);
}

TEST(ImageProcessor, WhatIsNotDoneHereIsRefusedByName) {
  EXPECT_THAT(ErrorWith("resample", 3),
              AllOf(HasSubstr("preprocessor_config.json"), HasSubstr("'resample'")));
  EXPECT_THAT(ErrorWith("do_rescale", false), HasSubstr("'do_rescale'"));
  EXPECT_THAT(ErrorWith("do_resize", false), HasSubstr("'do_resize'"));
  EXPECT_THAT(ErrorWith("do_center_crop", true), HasSubstr("'do_center_crop'"));
  EXPECT_THAT(ErrorWith("image_processor_type", "CLIPImageProcessor"), HasSubstr("CLIPImageProcessor"));
  EXPECT_THAT(ErrorWith("data_format", "channels_last"), HasSubstr("channels_last"));
  EXPECT_THAT(ErrorWith("rescale_factor", 0), HasSubstr("'rescale_factor'"));
  EXPECT_THAT(ErrorWith("size", {{"shortest_edge", 768}}), HasSubstr("'size.shortest_edge'"));
  EXPECT_THAT(ErrorWith("size", {{"height", 768}}), HasSubstr("'size.width'"));
  EXPECT_THAT(ErrorWith("size", {{"height", 1'000'000}, {"width", 768}}), HasSubstr("'size.height'"));
  EXPECT_THAT(ErrorWith("sharpen", 1), HasSubstr("'sharpen'"));
  EXPECT_EQ(ErrorWith("sharpen", nullptr), "no error");
}

TEST(ImageProcessor, MissingKeysHaveNoSilentDefault) {
  for (const std::string key :
       {"size", "rescale_factor", "do_normalize", "do_rescale", "do_resize", "resample"}) {
    auto config = PublishedProcessor();
    config.erase(key);
    EXPECT_THAT(ErrorOf([&] { ReadFrom(config); }), HasSubstr("'" + key + "'"));
  }
}

TEST(ImageProcessor, ValuesRightBehindTheirLimitsAreNamed) {
  const auto size = [](int64_t height, int64_t width) {
    return ErrorWith("size", {{"height", height}, {"width", width}});
  };
  EXPECT_EQ(size(1, 8192), "no error");
  EXPECT_EQ(size(8192, 1), "no error");
  EXPECT_THAT(size(8193, 1), HasSubstr("'size.height': expected an integer from 1 to 8192, found 8193"));
  EXPECT_THAT(size(1, 0), HasSubstr("'size.width': expected an integer from 1 to 8192, found 0"));
  EXPECT_EQ(ErrorWith("size", {{"height", 7}, {"width", 8}, {"longest_edge", nullptr}}), "no error");
  EXPECT_THAT(ErrorWith("rescale_factor", -0.5), HasSubstr("expected a positive number, found -0.5"));
  EXPECT_THAT(ErrorWith("resample", 0), HasSubstr("expected 2 (bilinear), found 0"));
  EXPECT_THAT(ErrorWith("do_pad", true), HasSubstr("'do_pad': expected false or null, found true"));
  EXPECT_EQ(ErrorWith("do_pad", false), "no error");
  for (const char* key : {"image_processor_type", "data_format"}) {
    EXPECT_EQ(ErrorWith(key, nullptr), "no error") << key;
    auto config = PublishedProcessor();
    config.erase(key);
    EXPECT_EQ(ErrorOf([&] { ReadFrom(config); }), "no error") << key;
  }
  EXPECT_EQ(ErrorWith("image_processor_type", "SiglipImageProcessor"), "no error");
  EXPECT_THAT(ErrorWith("data_format", "channels_last"),
              HasSubstr("expected channels_first, found channels_last"));
}

TEST(ImageProcessor, ChannelsHaveThreePositiveDeviations) {
  auto config = PublishedProcessor();
  config["do_normalize"] = true;
  EXPECT_EQ(ErrorOf([&] { ReadFrom(config); }), "no error");
  EXPECT_EQ(ReadFrom(config).image_std, (std::vector<double>{0.5, 0.5, 0.5}));
  config["image_std"] = {0.5, 0.0, 0.5};
  EXPECT_THAT(ErrorOf([&] { ReadFrom(config); }),
              HasSubstr("'image_std': expected positive numbers, found 0"));
  config["image_mean"] = {0.5, 0.5};
  EXPECT_THAT(ErrorOf([&] { ReadFrom(config); }), HasSubstr("'image_mean': expected 3 numbers, found 2"));
  config["do_normalize"] = false;
  EXPECT_EQ(ErrorOf([&] { ReadFrom(config); }), "no error") << "neither is used";
}

TEST(ImageFeatures, APictureOfTheRightSizeStaysAsItIs) {
  const auto pixels = torch::arange(2 * 3 * 3, torch::kUInt8).view({2, 3, 3});
  EXPECT_TRUE(ResizePixels(pixels, 2, 3).equal(pixels.permute({2, 0, 1})));
  EXPECT_EQ(ResizePixels(pixels, 2, 4).sizes().vec(), (std::vector<int64_t>{3, 2, 4}));
  EXPECT_EQ(ResizePixels(pixels, 5, 3).sizes().vec(), (std::vector<int64_t>{3, 5, 3}));
}

}  // namespace image_features_test
}  // namespace plelab
