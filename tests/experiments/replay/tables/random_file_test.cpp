#include "experiments/replay/tables/random_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <vector>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace {

using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr int64_t kMi = int64_t{1} << 20;

std::string Expected(uint64_t seed, int64_t offset, int64_t size) {
  std::vector<std::byte> bytes(size);
  FillRandom(seed, offset, bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(RandomFile, BytesAreAFunctionOfSeedAndOffset) {
  const std::string whole = Expected(3, 0, 64);
  for (int64_t offset = 0; offset < 64; offset += 8)
    EXPECT_EQ(Expected(3, offset, 8), whole.substr(offset, 8));
  EXPECT_NE(Expected(4, 0, 64), whole);
}

// 2^20 fair bits have 2^19 ones; the deviation is 2^9.
TEST(RandomFile, HalfOfTheBitsAreOnes) {
  int64_t ones = 0;
  for (const char byte : Expected(1, 0, kMi / 8)) ones += std::popcount(static_cast<unsigned char>(byte));
  EXPECT_NEAR(static_cast<double>(ones), kMi / 2, 5 * 512);
}

TEST(RandomFile, IsWrittenWithoutHolesAndUsedAgain) {
  const TemporaryFolder folder;
  const RandomFile made = MakeRandomFile({.folder = folder.path(), .wanted_bytes = 5 * kMi, .seed = 7});
  EXPECT_EQ(made.size_bytes, 5 * kMi);
  EXPECT_EQ(made.written_bytes, 5 * kMi);
  EXPECT_EQ(made.cut_because, "");
  EXPECT_EQ(ReadText(made.path), Expected(7, 0, 5 * kMi));
  const int fd = ::open(made.path.c_str(), O_RDONLY);
  EXPECT_EQ(::lseek(fd, 0, SEEK_HOLE), 5 * kMi);
  ::close(fd);
  EXPECT_EQ(MakeRandomFile({.folder = folder.path(), .wanted_bytes = 5 * kMi, .seed = 7}).written_bytes, 0);
}

TEST(RandomFile, GrowsWhenMoreIsWantedAndServesWhoWantsLess) {
  const TemporaryFolder folder;
  MakeRandomFile({.folder = folder.path(), .wanted_bytes = 1 * kMi, .seed = 7});
  const RandomFile grown = MakeRandomFile({.folder = folder.path(), .wanted_bytes = 3 * kMi, .seed = 7});
  EXPECT_EQ(grown.written_bytes, 2 * kMi);
  EXPECT_EQ(ReadText(grown.path), Expected(7, 0, 3 * kMi));
  EXPECT_EQ(MakeRandomFile({.folder = folder.path(), .wanted_bytes = 2 * kMi, .seed = 7}).size_bytes,
            2 * kMi);
}

TEST(RandomFile, AnUnfinishedWordAtTheEndIsWrittenAgain) {
  const TemporaryFolder folder;
  const RandomFile made = MakeRandomFile({.folder = folder.path(), .wanted_bytes = kMi, .seed = 7});
  std::filesystem::resize_file(made.path, kMi - 3);
  MakeRandomFile({.folder = folder.path(), .wanted_bytes = kMi, .seed = 7});
  EXPECT_EQ(ReadText(made.path), Expected(7, 0, kMi));
}

TEST(RandomFile, StopsWhenTheTimeIsOverButNotBeforeTheLeast) {
  const TemporaryFolder folder;
  const RandomFile made = MakeRandomFile({.folder = folder.path(),
                                          .wanted_bytes = 64 * kMi,
                                          .seed = 7,
                                          .most_seconds = 1e-9,
                                          .least_bytes = 8 * kMi});
  EXPECT_EQ(made.size_bytes, 8 * kMi);
  EXPECT_NE(made.cut_because, "");
}

TEST(RandomFile, SomebodyElsesFileIsLeftAlone) {
  const TemporaryFolder folder;
  const std::string path = RandomFilePath(folder.path(), 7);
  for (const int64_t wrong : {int64_t{0}, kMi - 8}) {  // the first and the last word
    std::string text = Expected(7, 0, kMi);
    text[wrong] ^= 1;
    WriteText(path, text);
    EXPECT_THROW(MakeRandomFile({.folder = folder.path(), .wanted_bytes = 2 * kMi, .seed = 7}), UserError);
    EXPECT_EQ(ReadText(path), text);
  }
}

TEST(RandomFile, RefusesAFolderInMemory) {
  struct statfs status = {};
  if (::statfs("/dev/shm", &status) != 0 || status.f_type != 0x01021994)
    GTEST_SKIP() << "no tmpfs at /dev/shm";
  EXPECT_THROW(MakeRandomFile({.folder = "/dev/shm", .wanted_bytes = 8, .seed = 7}), UserError);
}

TEST(RandomFile, SaysHowMuchRoomIsMissing) {
  const TemporaryFolder folder;
  EXPECT_THROW(MakeRandomFile({.folder = folder.path(),
                               .wanted_bytes = int64_t{1} << 60,
                               .seed = 7,
                               .least_bytes = int64_t{1} << 60}),
               UserError);
}

TEST(RandomFile, LeavesAFifthOfWhatIsFree) {
  EXPECT_EQ(MostBytes(0, 1000), 800);
  EXPECT_EQ(MostBytes(160, 1000), 960);  // what it has already counts as its own
  EXPECT_EQ(MostBytes(160, 0), 160);
  EXPECT_EQ(MostBytes(0, 101) % 8, 0);
}

}  // namespace
}  // namespace plelab
