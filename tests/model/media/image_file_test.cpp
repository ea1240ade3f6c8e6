// Pixels equal PIL's as transformers' load_image returns them; damaged files are refused with a one-line
// error.
#include "model/media/image_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/base/sha256.h"
#include "model/media/image_codecs.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/media.h"

namespace plelab {
namespace image_file_test {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MediaNames;
using testing::MediaPath;
using ::testing::Not;
using testing::ReadText;
using testing::WriteMedia;

nlohmann::json Goldens() { return nlohmann::json::parse(ReadText(MediaPath("pictures.json"))); }

std::string HashOf(const torch::Tensor& pixels) {
  const auto bytes = pixels.contiguous();
  return Sha256Hex(std::as_bytes(std::span(bytes.const_data_ptr<uint8_t>(), bytes.numel())));
}

class ImageFile : public ::testing::Test {
 protected:
  std::string ErrorOfBytes(const std::string& bytes, const std::string& name = "picture") const {
    const std::string path = WriteMedia(folder_, name, bytes);
    const std::string error = ErrorOf([&] { ReadImage(path); });
    EXPECT_THAT(error, AllOf(HasSubstr(path), Not(HasSubstr("\n"))));
    return error;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ImageFile, PixelsEqualTheReferences) {
  const auto goldens = Goldens();
  ASSERT_EQ(goldens.size(), MediaNames({".png", ".jpg"}).size());
  for (const auto& [name, golden] : goldens.items()) {
    const auto pixels = ReadImage(MediaPath(name));
    EXPECT_EQ(pixels.scalar_type(), torch::kUInt8) << name;
    EXPECT_EQ(pixels.sizes().vec(), (std::vector<int64_t>{golden["height"], golden["width"], 3})) << name;
    EXPECT_EQ(HashOf(pixels), golden["pixels"]) << name;
  }
}

TEST_F(ImageFile, ContentDecidesNotTheName) {
  const std::string path = WriteMedia(folder_, "really_a_png.jpg", ReadText(MediaPath("rgb.png")));
  EXPECT_TRUE(torch::equal(ReadImage(path), ReadImage(MediaPath("rgb.png"))));
}

TEST_F(ImageFile, OrientationsTurnOnePictureEightWays) {
  const auto upright = ReadImage(MediaPath("orientation1.jpg"));
  const auto quarter_turn = upright.transpose(0, 1).flip({1});  // clockwise
  EXPECT_TRUE(torch::equal(ReadImage(MediaPath("orientation6.jpg")), quarter_turn));
  EXPECT_TRUE(torch::equal(ReadImage(MediaPath("orientation3.jpg")), upright.flip({0, 1})));
  EXPECT_TRUE(torch::equal(ReadImage(MediaPath("orientation2.jpg")), upright.flip({1})));
}

TEST_F(ImageFile, WhatIsNoPictureIsRefused) {
  EXPECT_THAT(ErrorOfBytes(""), HasSubstr("empty"));
  EXPECT_THAT(ErrorOfBytes("a text file, renamed\n", "text.png"), HasSubstr("neither PNG nor JPEG"));
  EXPECT_THAT(ErrorOfBytes("\xFF\xD8\xFF"), HasSubstr("JPEG"));
  EXPECT_THAT(ErrorOfBytes(ReadText(MediaPath("rgb.png")).substr(0, 8)), HasSubstr("PNG"));
  EXPECT_THAT(ErrorOf([] { ReadImage("no/such/picture.png"); }), HasSubstr("no/such/picture.png"));
  EXPECT_THAT(ErrorOf([] { ReadImage("tests"); }), HasSubstr("regular file"));
}

TEST_F(ImageFile, EveryTruncationIsRefused) {
  for (const std::string name :
       {"grey1.png", "rgb_interlaced.png", "palette4.png", "grey.jpg", "progressive.jpg"}) {
    const std::string whole = ReadText(MediaPath(name));
    const size_t step = std::max<size_t>(1, whole.size() / 60);
    for (size_t size = 0; size < whole.size(); size += step) ErrorOfBytes(whole.substr(0, size));
    ErrorOfBytes(whole.substr(0, whole.size() - 1));
  }
}

TEST_F(ImageFile, DamageIsRefusedWherePixelsAreLost) {
  std::string png = ReadText(MediaPath("rgb.png"));
  png[png.size() / 2] ^= 0x10;
  EXPECT_THAT(ErrorOfBytes(png), HasSubstr("damaged or truncated PNG"));
  std::string jpeg = ReadText(MediaPath("large.jpg"));
  jpeg.insert(jpeg.size() / 2, "\xFF\xD9");  // the end marker, too early
  EXPECT_THAT(ErrorOfBytes(jpeg), HasSubstr("damaged or truncated JPEG"));
}

// 50,000 pixels on each side, in 100 bytes.
TEST_F(ImageFile, GiganticHeadersAreRefusedBeforeMemoryIsAsked) {
  const std::string ihdr("\0\0\0\x0DIHDR\0\0\xC3\x50\0\0\xC3\x50\x08\x02\0\0\0\xC4\xCD\xAA\x9D", 25);
  const std::string png =
      std::string("\x89PNG\r\n\x1A\n") + ihdr + std::string("\0\0\0\0IDAT\x35\xAF\x06\x1E", 12);
  EXPECT_THAT(ErrorOfBytes(png), AllOf(HasSubstr("50000 × 50000"), HasSubstr("178956970")));
  std::string jpeg = ReadText(MediaPath("rgb_420.jpg"));
  const size_t size = jpeg.find("\xFF\xC0") + 5;
  jpeg.replace(size, 4, "\xC3\x50\xC3\x50");
  EXPECT_THAT(ErrorOfBytes(jpeg), AllOf(HasSubstr("50000 × 50000"), HasSubstr("178956970")));
  jpeg.replace(size, 4, "\x27\x10\x27\x10");  // 10,000 × 10,000 is allowed, but not in so few bytes
  EXPECT_THAT(ErrorOfBytes(jpeg), HasSubstr("cannot hold 10000 × 10000"));
}

TEST_F(ImageFile, MalformedExifIsNoOrientation) {
  const auto orientation = [](const std::string& block) {
    return ExifOrientation(std::as_bytes(std::span(block.data(), block.size())));
  };
  const std::string good("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 28);
  EXPECT_EQ(orientation(good), 6);
  EXPECT_EQ(orientation(good.substr(6)), 6);
  for (size_t size = 0; size < 24; ++size) EXPECT_EQ(orientation(good.substr(0, size)), 1) << size;
  EXPECT_EQ(orientation(testing::Replaced(good, "\x06", "\x09")), 1);  // not a valid orientation
  EXPECT_EQ(orientation(testing::Replaced(good, std::string("\x08\0\0\0", 4), "\xFF\xFF\xFF\xFF")), 1);
}

}  // namespace image_file_test
}  // namespace plelab
