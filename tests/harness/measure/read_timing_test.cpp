#include "harness/measure/read_timing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <set>

#include "harness/measure/scratch_file.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace read_timing_test {

using ::testing::ElementsAre;
using testing::TemporaryFolder;

constexpr int64_t kMiB = int64_t{1} << 20;

// Remembers what was asked; can be made to fail.
class ListeningFile : public RandomAccessFile {
 public:
  explicit ListeningFile(int64_t size) : size_(size) {}
  void Read(int64_t offset, std::span<std::byte> out) override {
    const std::lock_guard lock(mutex_);
    const auto bytes = static_cast<int64_t>(out.size());
    if (offset < 0 || offset + bytes > size_ || fails_) throw ReadError(path_, offset, bytes, 0, "made to");
    counters_ = {counters_.read_calls + 1, counters_.bytes_asked + bytes};
    offsets_.push_back(offset);
  }
  int64_t size_bytes() const override { return size_; }
  const std::string& path() const override { return path_; }
  IoCounters counters() const override { return counters_; }

  bool fails_ = false;
  std::vector<int64_t> offsets_;

 private:
  std::mutex mutex_;
  int64_t size_;
  std::string path_ = "listening";
  IoCounters counters_;
};

TEST(ReadTiming, EveryByteOfATokenIsReadOnce) {
  ListeningFile file(3 * kMiB + 17);
  ReadTimer timer(file, 4, 1);
  const TokenReads token{"some", {{100, 7}, {5 * kMiB + 3, 2}}};
  const TokenTime time = timer.TimeToken(token);
  EXPECT_EQ(file.counters().bytes_asked, token.bytes());
  EXPECT_LE(time.bytes_moved, 0) << "no device moved anything";
  EXPECT_EQ(time.read_calls, 7 + 2 * 6);  // large ranges in pieces of a MiB
  EXPECT_GT(time.ns, 0);
}

TEST(ReadTiming, RowsLieAtMultiplesOfTheirSize) {
  ListeningFile file(2 * kMiB);
  ReadTimer timer(file, 1, 1);
  for (int i = 0; i < 50; ++i) timer.TimeToken({"row", {{15'360, 1}}});
  std::set<int64_t> places(file.offsets_.begin(), file.offsets_.end());
  EXPECT_GT(places.size(), 20u);
  for (const int64_t offset : places) EXPECT_EQ(offset % 15'360, 0);
}

TEST(ReadTiming, RowsLieInEachPlaceOfTheFileAsTheSeedSays) {
  const auto places = [](uint64_t seed) {
    ListeningFile file(kMiB + 7);
    ReadTimer timer(file, 1, seed);
    for (int i = 0; i < 40; ++i) timer.TimeToken({"row", {{kMiB / 4, 1}}});
    return file.offsets_;
  };
  const auto first = places(1);
  EXPECT_EQ(first, places(1));
  EXPECT_NE(first, places(2));
  EXPECT_THAT(std::set<int64_t>(first.begin(), first.end()),
              ElementsAre(0, kMiB / 4, kMiB / 2, 3 * kMiB / 4));
}

TEST(ReadTiming, LargeRangesFollowEachOtherAndStartOverAtTheEnd) {
  const auto offsets = [](int64_t size, int64_t bytes, int64_t count) {
    ListeningFile file(size);
    ReadTimer timer(file, 1, 1);
    const int64_t read_calls = timer.TimeToken({"large", {{bytes, count}}}).read_calls;
    EXPECT_EQ(read_calls, std::ssize(file.offsets_));
    EXPECT_EQ(file.counters().bytes_asked, bytes * count);
    return file.offsets_;
  };
  EXPECT_THAT(offsets(3 * kMiB, 5 * kMiB / 2, 2), ElementsAre(0, kMiB, 2 * kMiB, 0, kMiB, 2 * kMiB));
  EXPECT_THAT(offsets(2 * kMiB, 2 * kMiB, 2), ElementsAre(0, kMiB, 0, kMiB)) << "up to the last byte";
  EXPECT_THAT(offsets(4 * kMiB, kMiB + 10, 2), ElementsAre(0, kMiB, kMiB + 10, 2 * kMiB + 10));
  EXPECT_THAT(offsets(kMiB + 5, kMiB, 3), ElementsAre(0, 0, 0)) << "a piece is a row in its only place";
}

TEST(ReadTiming, AReadThatFailsIsAnErrorFromAnyThread) {
  ListeningFile file(2 * kMiB);
  file.fails_ = true;
  ReadTimer timer(file, 4, 1);
  EXPECT_THROW(timer.TimeToken({"one", {{100, 1}}}), ReadError);
  EXPECT_THROW(timer.TimeToken({"many", {{100, 9}}}), ReadError);
}

TEST(ReadTiming, AScratchFileIsUncachedAndGoesAway) {
  const TemporaryFolder folder;
  std::string path;
  {
    ScratchFile scratch(folder.path() + "/new", 2 * kMiB + 5, 1);
    path = scratch.path();
    EXPECT_EQ(std::filesystem::file_size(path), static_cast<uintmax_t>(2 * kMiB + 5));
    EXPECT_EQ(scratch.file().size_bytes(), 2 * kMiB + 5);
    if (scratch.direct()) {
      ReadTimer timer(scratch.file(), 2, 1);
      const TokenTime time = timer.TimeToken({"row", {{15'360, 3}}});
      EXPECT_EQ(time.read_calls, 3);
      EXPECT_GE(time.bytes_moved, 3 * 15'360);
      EXPECT_EQ(scratch.cached_bytes(), 0) << "direct reads leave nothing in the page cache";
    }
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ReadTiming, AScratchFileThatDoesNotFitIsRefused) {
  const TemporaryFolder folder;
  try {
    ScratchFile scratch(folder.path(), int64_t{1} << 60, 1);
    FAIL() << "an exbibyte fits";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("does not fit"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace read_timing_test
}  // namespace plelab
