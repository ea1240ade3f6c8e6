// What a turn waits for: counted on a clock that only the test moves.
#include "harness/storage/settle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/storage/storage.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace settle_test {

namespace fs = std::filesystem;
using testing::FakeClock;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr int64_t kUs = 1000;

// A device that has a request in flight until the clock shows `until_ns`.
Settler::InFlight BusyUntil(int64_t until_ns) {
  return [until_ns] { return FakeClock::now_ns() < until_ns ? 1 : 0; };
}

TEST(Settler, KeepsTheGapOnAnIdleDevice) {
  const FakeClock clock(kUs);
  EXPECT_TRUE(Settler(200 * kUs, [] { return 0; }).Settle());
  EXPECT_GE(FakeClock::now_ns(), 200 * kUs);
  EXPECT_LE(FakeClock::now_ns(), 205 * kUs) << "and no longer";
}

TEST(Settler, TheGapBeginsWhenTheLastRequestIsDone) {
  const FakeClock clock(kUs);
  EXPECT_TRUE(Settler(200 * kUs, BusyUntil(1500 * kUs)).Settle());
  EXPECT_GE(FakeClock::now_ns(), 1700 * kUs);
  EXPECT_LE(FakeClock::now_ns(), 1705 * kUs);
}

TEST(Settler, GivesUpAfterFiveMillisecondsSaysSoAndKeepsTheGap) {
  const FakeClock clock(kUs);
  EXPECT_FALSE(Settler(200 * kUs, [] { return 3; }).Settle());
  EXPECT_GE(FakeClock::now_ns(), kMostSettleNs + 200 * kUs);
  EXPECT_LE(FakeClock::now_ns(), kMostSettleNs + 205 * kUs);
  EXPECT_EQ(kMostSettleNs, 5'000 * kUs);
}

TEST(Settler, ARequestThatEndsJustInTimeHasSettled) {
  const FakeClock clock(kUs);
  EXPECT_TRUE(Settler(200 * kUs, BusyUntil(4990 * kUs)).Settle());
}

TEST(Settler, WithoutAGapItReturnsAtOnceAndAsksNobody) {
  const FakeClock clock(kUs);
  int asked = 0;
  EXPECT_TRUE(Settler(0, [&] { return ++asked; }).Settle());
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(FakeClock::now_ns(), 0);
}

TEST(RequestsInFlight, IsTheNinthNumberOfTheDisksStat) {
  EXPECT_EQ(RequestsInFlight("  11 12 13 14 15 16 17 18 7 19 20 21 22 23 24 25 26\n"), 7);
  EXPECT_EQ(RequestsInFlight("1 2 3 4 5 6 7 8 123"), 123) << "kernels before 4.18 end after eleven numbers";
  EXPECT_EQ(RequestsInFlight("1 2 3 4 5 6 7 8"), 0);
  EXPECT_EQ(RequestsInFlight(""), 0);
}

// /sys as the kernel shows a disk with a partition, and a device-mapper device.
class SysTree : public ::testing::Test {
 protected:
  SysTree() {
    fs::create_directories(root_ / "devices/pci/block/vda/vda1");
    fs::create_directories(root_ / "devices/virtual/block/dm-0");
    fs::create_directories(root_ / "dev/block");
    WriteText(root_ / "devices/pci/block/vda/vda1/partition", "1\n");
    fs::create_directory_symlink("../../devices/pci/block/vda", root_ / "dev/block/254:0");
    fs::create_directory_symlink("../../devices/pci/block/vda/vda1", root_ / "dev/block/254:1");
    fs::create_directory_symlink("../../devices/virtual/block/dm-0", root_ / "dev/block/252:0");
  }
  std::string Name(const std::string& device) {
    return fs::path(DiskFolderOfDevice(device, root_.path())).filename();
  }
  TemporaryFolder root_;
};

TEST_F(SysTree, APartitionsDiskCountsBecauseItsQueueIsShared) {
  EXPECT_EQ(Name("254:0"), "vda");
  EXPECT_EQ(Name("254:1"), "vda");
  EXPECT_EQ(Name("252:0"), "dm-0");
}

TEST_F(SysTree, AFileSystemWithoutADeviceHasNoDisk) {
  EXPECT_EQ(DiskFolderOfDevice("0:31", root_.path()), "");
  EXPECT_EQ(DiskFolderOfDevice("", root_.path()), "") << "a mount whose source is no device";
  EXPECT_EQ(DiskFolderOf("/proc/self/status"), "");
  EXPECT_EQ(DiskQueue("/proc/self/status").in_flight(), 0);
}

TEST(DiskQueue, ReadsTheDiskOfAFileAgainAndAgain) {
  const DiskQueue queue(PLELAB_BINARY_DIR);
  for (int i = 0; i < 3; ++i) EXPECT_GE(queue.in_flight(), 0);
  const std::string disk = DiskFolderOf(PLELAB_BINARY_DIR);
  if (disk.empty()) GTEST_SKIP() << "the build folder is on no disk";
  EXPECT_TRUE(fs::exists(disk + "/stat")) << disk;
  EXPECT_FALSE(fs::exists(disk + "/partition")) << disk;
}

}  // namespace settle_test
}  // namespace plelab
