#include "tests/support/media_fuzz.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

#include "model/media/audio_features.h"
#include "model/media/image_features.h"
#include "tests/support/media.h"
#include "tests/support/mutate.h"

// LeakSanitizer reads this. libsndfile does not free what libvorbis allocated for the first header when the
// second one is bad.
extern "C" const char* __lsan_default_suppressions() { return "leak:libvorbis"; }

namespace plelab::testing {
namespace {

int CountFor(int standard) {
  const char* count = std::getenv("PLELAB_FUZZ_COUNT");
  return count == nullptr ? standard : std::atoi(count);
}

std::string WithChecksums(const std::string& bytes, const std::string& ending) {
  if (ending == ".png") return WithPngChecksums(bytes);
  if (ending == ".ogg") return WithOggChecksums(bytes);
  return bytes;
}

// Half of the files get correct checksums, because otherwise few would reach the decoder.
std::string Damaged(const std::vector<std::string>& files, const std::string& ending, Random& random) {
  const std::string& one = files[random() % files.size()];
  const std::string mutated = Mutate(one, files[random() % files.size()], random);
  return random() % 2 == 0 ? WithChecksums(mutated, ending) : mutated;
}

void Fuzz(const std::string& ending, int count, const std::function<void(const std::string& path)>& decode) {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (const auto& name : MediaNames({ending})) files.push_back(ReadText(MediaPath(name)));
  ASSERT_FALSE(files.empty()) << ending;
  int refused = 0;
  for (int seed = 0; seed < CountFor(count); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " of " + ending);
    Random random(static_cast<uint64_t>(seed));
    const std::string path = WriteMedia(folder, "media", Damaged(files, ending, random));
    std::string error = "no error";
    EXPECT_NO_THROW(error = ErrorOf([&] { decode(path); }));
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    refused += error != "no error";
  }
  EXPECT_GT(refused, 0);
  ::testing::Test::RecordProperty("refused", refused);
}

}  // namespace

void FuzzPictures(const std::string& ending, int count) {
  ImageProcessor processor;
  processor.height = processor.width = 32;
  Fuzz(ending, count, [&](const std::string& path) {
    const auto image = LoadImage(path, processor);
    EXPECT_EQ(image.sizes().vec(), (std::vector<int64_t>{3, 32, 32}));
  });
}

void FuzzSounds(const std::string& ending, int count) {
  const AudioProcessor processor;
  Fuzz(ending, count, [&](const std::string& path) {
    const MelFrames frames = LoadAudio(path, processor, /*truncate=*/true);
    EXPECT_EQ(frames.mel.size(0), frames.mask.numel());
    EXPECT_TRUE(frames.mel.isfinite().all().item<bool>());
  });
}

}  // namespace plelab::testing
