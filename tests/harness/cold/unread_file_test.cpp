#include "harness/cold/unread_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "harness/storage/page_cache.h"
#include "model/base/error.h"
#include "tests/harness/cold/unread_files.h"

namespace plelab {
namespace unread_file_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kBytes = 16 * kMiB;  // 256 places, of which the first is never handed out

class Unread : public ::testing::Test {
 protected:
  void SetUp() override {
    struct statfs where = {};
    statfs(folder_.path().c_str(), &where);
    if (where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no storage behind its page cache";
    ASSERT_TRUE(testing::WriteByScript(path_, "16MiB"));
  }
  UnreadFile Open() const { return UnreadFile(path_, kBytes); }
  std::string ErrorOfOpen(int64_t least = kBytes) const {
    try {
      UnreadFile(path_, least);
    } catch (const UserError& error) {
      return error.what();
    }
    return "none";
  }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "reference.bin";
};

TEST_F(Unread, WhatTheScriptWroteIsAcceptedAndUnread) {
  EXPECT_EQ(testing::UsedPlaces(path_), 0);
  EXPECT_EQ(Open().Left(1), 255) << "all but the first";
  EXPECT_THAT(Open().Describe(), HasSubstr("16777216 bytes, written at "));
  EXPECT_THAT(Open().Describe(), HasSubstr("in this boot, 0 of 256 places read before"));
  EXPECT_TRUE(Open().written_in_this_boot());
  EXPECT_EQ(CachedBytes({path_, 0, kBytes}), 0);
  EXPECT_FALSE(testing::WriteByScript(path_, "16MiB")) << "it replaces nothing";
  EXPECT_EQ(Open().Left(1), 255);
}

TEST_F(Unread, SmallWindowsLeaveTheLargeOnesWhole) {
  EXPECT_EQ(Open().Left(kMiB), 15);
  for (const int64_t offset : Open().Take(40, 5120, 3)) EXPECT_GE(offset, 12 * kMiB);
  EXPECT_GE(Open().Left(kMiB), 11) << "only the last quarter was touched";
  for (const int64_t offset : Open().Take(11, kMiB, 4)) EXPECT_LT(offset, 12 * kMiB);
  EXPECT_EQ(Open().Take(100, 5120, 5).size(), 39u) << "where the quarter is used up, what is left elsewhere";
}

TEST_F(Unread, AnEarlierBootIsNamed) {
  const std::string ledger = testing::ReadText(path_ + ".used");
  const size_t boot = ledger.find("boot "), end = ledger.find('\n', boot);
  testing::WriteText(path_ + ".used", ledger.substr(0, boot) + "boot another" + ledger.substr(end));
  EXPECT_FALSE(Open().written_in_this_boot());
  EXPECT_THAT(Open().Describe(), HasSubstr(" in an earlier boot, 0 of 256 places read before"));
}

TEST_F(Unread, NoOffsetIsHandedOutTwiceUntilNoneIsLeft) {
  std::set<int64_t> all;
  for (int run = 0; run < 6; ++run) {
    for (const int64_t offset : Open().Take(50, 5120, 7)) {
      EXPECT_EQ(offset % kPlaceBytes, 0);
      EXPECT_GT(offset, 0);
      EXPECT_LT(offset, kBytes);
      EXPECT_TRUE(all.insert(offset).second) << offset;
    }
  }
  EXPECT_EQ(all.size(), 255u);
  EXPECT_EQ(Open().Left(1), 0);
  EXPECT_THAT(Open().Take(1, 1, 0), ::testing::IsEmpty());
}

TEST_F(Unread, WhatWasTakenIsMarkedOnTheDiskBeforeItIsRead) {
  const auto offsets = Open().Take(3, 5120, 1);
  const ReadLedger ledger = ParseReadLedger(testing::ReadText(path_ + ".used"), "x");
  EXPECT_EQ(std::ranges::count(ledger.used, true), 3);
  for (const int64_t offset : offsets) EXPECT_TRUE(ledger.used[offset / kPlaceBytes]);
}

TEST_F(Unread, TheOrderIsRandomAndOfTheSeed) {
  const std::string fresh = testing::ReadText(path_ + ".used");
  const auto take = [&](uint64_t seed) {
    testing::WriteText(path_ + ".used", fresh);
    return Open().Take(20, 5120, seed);
  };
  const auto first = take(1);
  EXPECT_EQ(first, take(1));
  EXPECT_NE(first, take(2));
  EXPECT_FALSE(std::ranges::is_sorted(first));
}

TEST_F(Unread, AWindowOfSeveralPlacesHasNoneThatWasRead) {
  EXPECT_EQ(UnreadFile::WindowBytes(1), 65536);
  EXPECT_EQ(UnreadFile::WindowBytes(65536), 65536);
  EXPECT_EQ(UnreadFile::WindowBytes(65537), 131072);
  UnreadFile file = Open();
  const std::vector<int64_t> single = file.Take(20, 100, 3);
  const int64_t left = file.Left(150'000);
  const std::vector<int64_t> triple = file.Take(1000, 150'000, 4);
  EXPECT_EQ(std::ssize(triple), left);
  EXPECT_GE(left, (255 - 3 * 20) / 3);
  std::set<int64_t> places;
  for (const int64_t offset : single) places.insert(offset / kPlaceBytes);
  for (const int64_t offset : triple) {
    for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(places.insert(offset / kPlaceBytes + i).second) << offset;
  }
  EXPECT_LE(*places.rbegin(), 255);
  EXPECT_EQ(std::ssize(places), testing::UsedPlaces(path_));
}

TEST_F(Unread, WhatThePageCacheHoldsCountsAsReadAlsoOnceItLeft) {
  WarmPageCache({path_, 100 * kPlaceBytes + 5, 1});
  UnreadFile file = Open();
  EXPECT_LT(file.Left(1), 255);
  file.Take(1, 1, 0);
  EvictFromPageCache({path_, 0, kBytes});
  EXPECT_TRUE(ParseReadLedger(testing::ReadText(path_ + ".used"), "x").used[100]);
}

TEST_F(Unread, SeveralWhoTakeAtOnceGetDifferentOffsets) {
  std::vector<std::vector<int64_t>> taken(4);
  std::vector<std::jthread> threads;
  for (auto& mine : taken) threads.emplace_back([&] { mine = Open().Take(30, 5120, 5); });
  threads.clear();
  std::set<int64_t> all;
  for (const auto& mine : taken) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 120u);
}

TEST_F(Unread, WhatCannotBeTrustedIsRefused) {
  EXPECT_THAT(ErrorOfOpen(kLeastUnreadBytes), HasSubstr("expected at least 4.0 GiB, found 16.0 MiB"));
  const std::string ledger = testing::ReadText(path_ + ".used");
  testing::WriteText(path_ + ".used", ledger + "used 300\n");
  EXPECT_THAT(ErrorOfOpen(), HasSubstr("reference.bin.used:6: expected a place"));
  testing::WriteText(path_ + ".used", ledger);
  EXPECT_EQ(ErrorOfOpen(), "none");
  fs::last_write_time(path_, fs::last_write_time(path_) + std::chrono::seconds(1));
  EXPECT_THAT(ErrorOfOpen(),
              HasSubstr("reference.bin.used: it is about a file of 16777216 bytes that was last"));
  fs::remove(path_ + ".used");
  EXPECT_THAT(ErrorOfOpen(),
              HasSubstr("reference.bin.used: no such file; scripts/cold_reference.sh writes it"));
  fs::resize_file(path_, 2 * kBytes);
  EXPECT_THAT(ErrorOfOpen(), HasSubstr("of 32.0 MiB only 16.0 MiB lie on its device"));
  fs::remove(path_);
  EXPECT_THAT(ErrorOfOpen(), HasSubstr("reference.bin"));
}

}  // namespace unread_file_test
}  // namespace plelab
