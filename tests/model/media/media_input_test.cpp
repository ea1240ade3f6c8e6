#include "model/media/media_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/media.h"

namespace plelab {
namespace media_input_test {

using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MediaPath;

Gemma3nConfig WithTowers(int64_t bins) {
  Gemma3nConfig config;
  config.vision.emplace();
  config.audio.emplace();
  config.audio->input_feat_size = bins;
  return config;
}

TEST(MediaInput, ReadsEachKindWhereThereAreFiles) {
  const testing::TemporaryFolder folder;  // without a preprocessor's JSON: the published settings
  const std::string picture = MediaPath("rgb.png"), sound = MediaPath("mono_16k.wav");
  const MediaInput none = ReadMediaFiles({}, WithTowers(128), folder.path());
  EXPECT_FALSE(none.pixels.defined() || none.mel.defined() || none.mel_mask.defined());
  const MediaFiles files{.images = {picture, picture}, .audio = {sound}};
  EXPECT_EQ(files.count().images, 2);
  EXPECT_EQ(files.count().clips, 1);
  const MediaInput all = ReadMediaFiles(files, WithTowers(128), folder.path());
  EXPECT_EQ(all.pixels.sizes().vec(), (std::vector<int64_t>{2, 3, 768, 768}));
  EXPECT_EQ(all.mel.size(0), 1);
  EXPECT_EQ(all.mel.size(2), 128);
  EXPECT_EQ(all.mel_mask.sizes().vec(), (std::vector<int64_t>{1, all.mel.size(1)}));
}

TEST(MediaInput, AskForTheTowersThatReadThem) {
  const testing::TemporaryFolder folder;
  const MediaFiles pictures{.images = {MediaPath("rgb.png")}, .audio = {}};
  const MediaFiles sounds{.images = {}, .audio = {MediaPath("mono_16k.wav")}};
  EXPECT_THAT(ErrorOf([&] { ReadMediaFiles(pictures, {}, folder.path()); }), HasSubstr("no vision tower"));
  EXPECT_THAT(ErrorOf([&] { ReadMediaFiles(sounds, {}, folder.path()); }), HasSubstr("no audio tower"));
  EXPECT_EQ(ErrorOf([&] { ReadMediaFiles(sounds, WithTowers(64), folder.path()); }),
            folder.path() +
                ": key 'feature_size' is 128 in the preprocessor's JSON, the audio tower reads 64 bins");
}

}  // namespace media_input_test
}  // namespace plelab
