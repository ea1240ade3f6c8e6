#include "harness/accuracy/task_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/checkpoint/embedded_shapes.h"
#include "tests/support/media.h"

namespace plelab {
namespace task_check_test {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MediaPath;
using testing::TemporaryFolder;

const std::string kProcessor = PLELAB_SOURCE_DIR "/configs/models/small_multimodal";

// Silence of 40 s: 8,000 samples of one byte in a second.
std::string LongClip(const TemporaryFolder& folder) {
  const auto little = [](uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
  };
  const uint32_t rate = 8000, size = 40 * rate;
  return testing::WriteMedia(folder, "long.wav",
                             "RIFF" + little(36 + size, 4) + "WAVEfmt " + little(16, 4) + little(1, 2) +
                                 little(1, 2) + little(rate, 4) + little(rate, 4) + little(1, 2) +
                                 little(8, 2) + "data" + little(size, 4) + std::string(size, '\x80'));
}

ChoiceDocument Showing(MediaFiles media, std::string origin) {
  return {.context = "c", .choices = {"a", "b"}, .media = std::move(media), .origin = std::move(origin)};
}

std::string CheckErrorOf(std::vector<ChoiceDocument> documents) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson("small_multimodal"), "small_multimodal");
  return ErrorOf([&] { CheckMedia({"t", std::move(documents)}, config, kProcessor); });
}

TEST(CheckMedia, AClipIsCheckedForEachWayInWhichItIsHeard) {
  const TemporaryFolder folder;
  const std::string clip = LongClip(folder);
  const ChoiceDocument cut = Showing({.images = {}, .audio = {clip}, .truncate = true}, "t:1");
  const ChoiceDocument whole = Showing({.images = {}, .audio = {clip}}, "t:2");
  EXPECT_EQ(CheckErrorOf({cut, cut}), "no error");
  EXPECT_THAT(CheckErrorOf({cut, whole}), AllOf(HasSubstr("t:2: "), HasSubstr("long.wav: longer than")));
}

TEST(CheckMedia, APictureIsNoSound) {
  const ChoiceDocument seen = Showing({.images = {MediaPath("rgb.png")}, .audio = {}}, "t:1");
  const ChoiceDocument heard = Showing({.images = {}, .audio = {MediaPath("rgb.png")}}, "t:2");
  EXPECT_EQ(CheckErrorOf({seen}), "no error");
  EXPECT_THAT(CheckErrorOf({seen, heard}), HasSubstr("t:2: "));
}

// The folder of a text-only model has no front end to be read.
TEST(CheckMedia, WithoutMediaNothingIsRead) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson("small"), "small");
  EXPECT_EQ(ErrorOf([&] { CheckMedia({"t", {Showing({}, "t:1")}}, config, "/nowhere"); }), "no error");
}

}  // namespace task_check_test
}  // namespace plelab
