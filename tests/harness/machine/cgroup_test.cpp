// Mounts and control groups are parsed from text, so that every machine checks every layout.
#include "harness/machine/cgroup.h"

#include <gtest/gtest.h>

#include "harness/storage/mounts.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace cgroup_test {

constexpr char kPlain[] =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "27 1 254:1 / / rw,relatime shared:1 master:2 - ext4 /dev/vda1 rw,discard\n"
    "31 27 8:16 /sub /mnt/my\\040disk rw - xfs /dev/sdb rw\n"
    "32 27 0:40 / /mnt/my\\040disk rw,noatime - tmpfs tmpfs rw\n"
    "not a mount\n";

constexpr char kV2[] = "30 27 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
constexpr char kV1[] =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "41 31 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

TEST(Mounts, ReadsFieldsAndEscapes) {
  const auto mounts = ParseMounts(kPlain);
  ASSERT_EQ(mounts.size(), 4u);
  EXPECT_EQ(mounts[1].device, "254:1");
  EXPECT_EQ(mounts[1].type, "ext4");
  EXPECT_EQ(mounts[1].source, "/dev/vda1");
  EXPECT_EQ(mounts[1].super_options, "rw,discard");
  EXPECT_EQ(mounts[2].point, "/mnt/my disk");
  EXPECT_EQ(mounts[2].root, "/sub");
}

TEST(Mounts, TheDeepestAndLastMountAboveAPathCounts) {
  const auto mounts = ParseMounts(kPlain);
  EXPECT_EQ(MountOf(mounts, "/home/x")->device, "254:1");
  EXPECT_EQ(MountOf(mounts, "/mnt/my disk/a")->device, "0:40");
  EXPECT_EQ(MountOf(mounts, "/mnt/my disk")->device, "0:40");
  EXPECT_EQ(MountOf(mounts, "/mnt/my diskette")->device, "254:1");
  EXPECT_EQ(MountOf(mounts, "relative"), nullptr);
  EXPECT_EQ(MountOf({}, "/"), nullptr);
}

TEST(Cgroup, IsFoundUnderVersion2) {
  const auto group = FindCgroup("memory", "0::/user.slice/a.scope\n", ParseMounts(kV2));
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->version, 2);
  EXPECT_EQ(group->folder, "/sys/fs/cgroup/user.slice/a.scope");
  EXPECT_EQ(group->mount, "/sys/fs/cgroup");
}

TEST(Cgroup, Version1WinsWhereItHasTheController) {
  const std::string groups = "4:memory:/jobs/7\n1:cpu,cpuacct:/\n0::/\n";
  const auto memory = FindCgroup("memory", groups, ParseMounts(kV1));
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->version, 1);
  EXPECT_EQ(memory->folder, "/sys/fs/cgroup/memory/jobs/7");
  EXPECT_EQ(FindCgroup("cpu", groups, ParseMounts(kV1))->folder, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(FindCgroup("io", groups, ParseMounts(kV1))->version, 2);
  const auto reversed = FindCgroup("memory", "0::/\n4:memory:/jobs/7\n", ParseMounts(kV1));
  EXPECT_EQ(reversed->version, 1);
}

TEST(Cgroup, AContainersMountIsAFolderOfTheHierarchy) {
  const auto mounts = ParseMounts("30 27 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
  EXPECT_EQ(FindCgroup("memory", "0::/docker/abc\n", mounts)->folder, "/sys/fs/cgroup");
  EXPECT_EQ(FindCgroup("memory", "0::/docker/abc/job\n", mounts)->folder, "/sys/fs/cgroup/job");
}

TEST(Cgroup, ThereMayBeNone) {
  EXPECT_FALSE(FindCgroup("memory", "", ParseMounts(kV2)).has_value());
  EXPECT_FALSE(FindCgroup("memory", "0::/\n", ParseMounts(kPlain)).has_value());
  EXPECT_FALSE(FindCgroup("memory", "nonsense\n", ParseMounts(kV2)).has_value());
}

TEST(Cgroup, CoresAreTheQuotaOfAPeriod) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(CpuLimitOf(1, folder.path()), std::nullopt) << "there are no files";
  EXPECT_EQ(CpuLimitOf(2, folder.path()), std::nullopt);
  for (const auto& [text, cores] :
       std::vector<std::pair<std::string, std::optional<double>>>{{"150000 100000\n", 1.5},
                                                                  {"max 100000\n", std::nullopt},
                                                                  {"150000\n", std::nullopt},
                                                                  {"9 0\n", std::nullopt}}) {
    testing::WriteText(folder.path() + "/cpu.max", text);
    EXPECT_EQ(CpuLimitOf(2, folder.path()), cores) << text;
  }
  testing::WriteText(folder.path() + "/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(CpuLimitOf(1, folder.path()), std::nullopt) << "a period alone is no limit";
  testing::WriteText(folder.path() + "/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(CpuLimitOf(1, folder.path()), std::nullopt);
  testing::WriteText(folder.path() + "/cpu.cfs_quota_us", "200000\n");
  EXPECT_EQ(CpuLimitOf(1, folder.path()), 4.0);
  EXPECT_EQ(CpuLimitOf(2, folder.path()), std::nullopt) << "what is of the other version does not count";
}

}  // namespace cgroup_test
}  // namespace plelab
