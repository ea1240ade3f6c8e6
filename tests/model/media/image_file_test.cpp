// Pixels equal PIL's as transformers' load_image returns them; damaged files are refused with a one-line
// error.
#include "model/media/image_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "model/base/sha256.h"
#include "model/media/image_codecs.h"
#include "model/media/image_orientation.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/media.h"
#include "tests/support/mutate.h"

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
  EXPECT_THAT(ErrorOfBytes(png), AllOf(HasSubstr("50000 × 50000"), HasSubstr("at most 89478485 pixels")));
  std::string jpeg = ReadText(MediaPath("rgb_420.jpg"));
  const size_t size = jpeg.find("\xFF\xC0") + 5;
  jpeg.replace(size, 4, "\xC3\x50\xC3\x50");
  EXPECT_THAT(ErrorOfBytes(jpeg), AllOf(HasSubstr("50000 × 50000"), HasSubstr("at most 89478485 pixels")));
  jpeg.replace(size, 4, "\x23\x28\x23\x28");  // 9,000 × 9,000 is allowed, but not in so few bytes
  EXPECT_THAT(ErrorOfBytes(jpeg), HasSubstr("cannot hold 9000 × 9000"));
}

std::string Number(uint32_t value) {  // big-endian, as in PNG
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

// Texts of a PNG that expand to 8 MB each, two of them under names that are read.
TEST_F(ImageFile, TextsThatExpandAreNotKept) {
  std::string text(8'000'000, ' '), packed(20'000, '\0');
  uLongf size = packed.size();
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  packed.resize(size);
  std::string chunks;
  for (const std::string name : {"Raw profile type exif", "XML:com.adobe.xmp", "a", "b", "c"}) {
    const std::string data = name + std::string(2, '\0') + packed;
    chunks += Number(static_cast<uint32_t>(data.size())) + "zTXt" + data + Number(0);
  }
  std::string png = ReadText(MediaPath("rgb.png"));
  png.insert(33, chunks);  // after IHDR
  const std::string path = WriteMedia(folder_, "texts.png", testing::WithPngChecksums(png));
  EXPECT_TRUE(torch::equal(ReadImage(path), ReadImage(MediaPath("rgb.png"))));
  const ImageMetadata metadata = PngMetadata(std::as_bytes(std::span(png.data(), png.size())));
  EXPECT_EQ(metadata.exif + metadata.xmp, "");
}

// Each scan costs a pass over the whole picture.
TEST_F(ImageFile, AJpegOfManyScansIsRefused) {
  std::string jpeg = ReadText(MediaPath("progressive.jpg"));
  // The first scan, with its Huffman tables, can be read again at any time: it asks for no earlier one.
  const size_t first = jpeg.find("\xFF\xC4"), next = jpeg.find("\xFF\xC4", jpeg.find("\xFF\xDA"));
  const size_t end = jpeg.rfind("\xFF\xD9");
  std::string scans;
  for (int i = 0; i < 500; ++i) scans += jpeg.substr(first, next - first);
  jpeg.insert(end, scans);
  EXPECT_THAT(ErrorOfBytes(jpeg), HasSubstr("81 × 64 pixels may have 500 scans, this one has more"));
}

// Other types and counts, entries that repeat, places outside, cut blocks.
TEST(ImageOrientation, IsPilsForBlocksAsNoCameraWritesThem) {
  int turned = 0;
  for (const auto& [hex, orientation] : nlohmann::json::parse(ReadText(MediaPath("exif.json")))
                                            .get<std::vector<std::pair<std::string, int>>>()) {
    std::string exif;
    for (size_t i = 0; i < hex.size(); i += 2)
      exif += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    EXPECT_EQ(ImageOrientation({.exif = exif}), orientation) << hex;
    turned += orientation != 1;
  }
  EXPECT_GT(turned, 10);
}

TEST(ImageOrientation, MalformedExifIsUpright) {
  const std::string good("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 28);
  const auto orientation = [](const std::string& exif) { return ImageOrientation({.exif = exif}); };
  EXPECT_EQ(orientation(good), 6);
  EXPECT_EQ(orientation(good.substr(6)), 6);
  for (size_t size = 0; size < 28; ++size) EXPECT_EQ(orientation(good.substr(0, size)), 1) << size;
  EXPECT_EQ(orientation(testing::Replaced(good, "\x06", "\x09")), 1);  // not a valid orientation
  EXPECT_EQ(orientation(testing::Replaced(good, std::string("\x08\0\0\0", 4), "\xFF\xFF\xFF\xFF")), 1);
}

TEST(ImageOrientation, XmpIsAskedWhereExifHasNoEntry) {
  EXPECT_EQ(ImageOrientation({.xmp = "<a tiff:Orientation=\"8\"/>"}), 8);
  EXPECT_EQ(ImageOrientation({.xmp = "<a tiff:Orientation='8'/><tiff:Orientation>3</tiff:Orientation>"}), 3);
  EXPECT_EQ(ImageOrientation({.xmp = "tiff:Orientation="}), 1);
  EXPECT_EQ(ImageOrientation({.xmp = "tiff:Orientation=\"9\""}), 1);
}

TEST(ImageSize, IsLimitedInPixelsAndNotInSides) {
  const auto error = [](int64_t height, int64_t width) {
    return ErrorOf([=] { CheckImageSize(height, width, "x.png"); });
  };
  EXPECT_EQ(error(1, 1), "no error");
  EXPECT_EQ(error(0, 5), "x.png: the header says 5 × 0 pixels; expected at least one");
  EXPECT_THAT(error(5, 0), HasSubstr("0 × 5 pixels; expected at least one"));
  EXPECT_EQ(error(1, kMostImagePixels), "no error");
  EXPECT_EQ(error(2, kMostImagePixels / 2), "no error");
  EXPECT_EQ(
      error(2, kMostImagePixels / 2 + 1),
      "x.png: the header says 44739243 × 2 pixels; expected at most 89478485 pixels: scale the picture down");
}

// A file with a hole, which takes no space.
TEST_F(ImageFile, AFileThatIsLongerThanAnyPictureIsNotRead) {
  const std::string path = WriteMedia(folder_, "x.png", "\x89PNG\r\n\x1A\n");
  const int64_t most = 8 * kMostImagePixels + (1 << 20);
  std::filesystem::resize_file(path, static_cast<uint64_t>(most) + 1);
  EXPECT_EQ(ErrorOf([&] { ReadImage(path); }),
            Format("{}: {} bytes; expected a picture file of at most {} bytes", path, most + 1, most));
}

std::string Packed(const std::string& text) {
  std::string packed(compressBound(text.size()), '\0');
  uLongf size = packed.size();
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  return packed.substr(0, size);
}

// The metadata of a PNG with these chunks alone: kind, then data.
ImageMetadata MetadataOf(const std::vector<std::pair<std::string, std::string>>& chunks,
                         const std::string& end = "") {
  std::string png = "\x89PNG\r\n\x1A\n";
  for (const auto& [kind, data] : chunks) {
    png += Number(static_cast<uint32_t>(data.size())) + kind + data + Number(0);
  }
  png += end;
  return PngMetadata(std::as_bytes(std::span(png.data(), png.size())));
}

const std::string kNul(1, '\0'), kXmp = "XML:com.adobe.xmp" + kNul, kRaw = "Raw profile type exif" + kNul;

TEST(PngTexts, AreReadFromTheChunksThatPilReads) {
  EXPECT_EQ(MetadataOf({{"tEXt", kXmp + "a"}}).xmp, "a");
  EXPECT_EQ(MetadataOf({{"iTXt", kXmp + kNul + kNul + "en" + kNul + "key" + kNul + "b"}}).xmp, "b");
  EXPECT_EQ(MetadataOf({{"iTXt", kXmp + kNul + "\x07" + kNul + kNul + "b"}}).xmp, "b") << "not compressed";
  EXPECT_EQ(MetadataOf({{"iTXt", kXmp + "\x01" + kNul + kNul + kNul + Packed("c")}}).xmp, "c");
  EXPECT_EQ(MetadataOf({{"iTXt", kXmp + "\x01\x01" + kNul + kNul + Packed("c")}}).xmp, "");
  EXPECT_EQ(MetadataOf({{"iTXt", kXmp + kNul + kNul + "en"}}).xmp, "") << "one word of two";
  EXPECT_EQ(MetadataOf({{"iTXt", kXmp + kNul}}).xmp, "");
  EXPECT_EQ(MetadataOf({{"zTXt", kXmp + kNul + Packed("d")}}).xmp, "d");
  EXPECT_EQ(MetadataOf({{"zTXt", kXmp + "\x01" + Packed("d")}}).xmp, "");
  EXPECT_EQ(MetadataOf({{"zTXt", kXmp}}).xmp, "");
  EXPECT_EQ(
      MetadataOf({{"tEXt", "XML:com.adobe.xmp"}, {"tEXt", "other" + kNul + "a"}, {"qEXt", kXmp + "a"}}).xmp,
      "");
  EXPECT_EQ(MetadataOf({{"tEXt", kXmp + "a"}, {"tEXt", kXmp + "b"}}).xmp, "b") << "the last one";
  EXPECT_EQ(MetadataOf({{"tEXt", kXmp + "a"}}, Number(5) + "tEXt" + "1234").xmp, "a")
      << "cut after the first";
}

TEST(PngTexts, RawProfilesAreHexadecimalAfterThreeLines) {
  EXPECT_EQ(MetadataOf({{"tEXt", kRaw + "\nexif\n      4\n4d4D\n0aF9\n"}}).exif, "MM\n\xF9");
  EXPECT_EQ(MetadataOf({{"tEXt", kRaw + "\nexif\n4d4d"}}).exif, "") << "two lines";
  EXPECT_EQ(MetadataOf({{"tEXt", kRaw + "\n\n\n4"}}).exif, "") << "half a byte";
  EXPECT_EQ(MetadataOf({{"eXIf", "chunk"}, {"tEXt", kRaw + "\n\n\n4d"}}).exif, "chunk");
}

TEST(PngTexts, AreLimitedInSizeAndNumber) {
  const std::string most(1 << 20, 'x');
  EXPECT_TRUE(MetadataOf({{"zTXt", kXmp + kNul + Packed(most)}}).xmp == most);
  EXPECT_EQ(MetadataOf({{"zTXt", kXmp + kNul + Packed(most + "x")}}).xmp, "");
  std::vector<std::pair<std::string, std::string>> texts;
  for (int i = 1; i <= 65; ++i) texts.emplace_back("tEXt", kXmp + std::to_string(i));
  EXPECT_EQ(MetadataOf(texts).xmp, "64");
}

}  // namespace image_file_test
}  // namespace plelab
