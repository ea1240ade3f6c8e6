#include "harness/machine/memory_probe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "harness/machine/cgroup.h"
#include "harness/support/system_files.h"
#include "model/base/anonymous_memory.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace memory_probe_test {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kBlock = 64 * kMiB;
constexpr int64_t kSlack =
    8 * kMiB;  // what the test itself may allocate, and what the kernel has not added up yet

AnonymousMemory TouchedBlock(PageSize pages) {
  AnonymousMemory block(kBlock, pages);
  std::memset(block.data(), 1, kBlock);
  return block;
}

TEST(MemoryProbe, TouchedMemoryIsAnonymousWhateverThePageSize) {
  for (const PageSize pages : {PageSize::k4KiB, PageSize::kHuge}) {
    const MemoryReading before = ReadMemory();
    const AnonymousMemory block = TouchedBlock(pages);
    const MemoryReading after = ReadMemory();
    EXPECT_NEAR(after.anonymous_bytes - before.anonymous_bytes, kBlock, kSlack);
    EXPECT_NEAR(after.file_backed_bytes - before.file_backed_bytes, 0, kSlack);
  }
}

TEST(MemoryProbe, MappedFilesAreFileBackedOnceTouched) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "f", std::string(kBlock, 'x'));
  const int fd = open((folder / "f").c_str(), O_RDONLY);
  const auto* map = static_cast<const char*>(mmap(nullptr, kBlock, PROT_READ, MAP_SHARED, fd, 0));
  close(fd);
  ASSERT_NE(map, MAP_FAILED);
  const MemoryReading before = ReadMemory();
  int64_t sum = 0;
  for (int64_t i = 0; i < kBlock; i += 4096) sum += map[i];
  EXPECT_EQ(sum, kBlock / 4096 * 'x');
  const MemoryReading after = ReadMemory();
  EXPECT_NEAR(after.file_backed_bytes - before.file_backed_bytes, kBlock, kSlack);
  EXPECT_NEAR(after.anonymous_bytes - before.anonymous_bytes, 0, kSlack);
  munmap(const_cast<char*>(map), kBlock);
}

// Differences of Pss depend on which other processes map the same libraries; its bounds do not.
TEST(MemoryProbe, PssHoldsWhatIsOursAloneAndNoMoreThanIsResident) {
  const AnonymousMemory block = TouchedBlock(PageSize::k4KiB);
  const MemoryReading reading = ReadMemory();
  if (std::isnan(reading.pss_bytes)) GTEST_SKIP() << "no /proc/self/smaps_rollup here";
  EXPECT_GE(reading.pss_bytes, kBlock);
  EXPECT_GE(reading.pss_bytes, reading.anonymous_bytes - kSlack);
  EXPECT_LE(reading.pss_bytes, reading.anonymous_bytes + reading.file_backed_bytes + kSlack);
}

TEST(MemoryProbe, ThePeakStays) {
  const MemoryReading start = ReadMemory();
  { const AnonymousMemory block = TouchedBlock(PageSize::k4KiB); }
  const MemoryReading freed = ReadMemory();
  EXPECT_GE(freed.peak_rss_bytes, start.anonymous_bytes + start.file_backed_bytes + kBlock - kSlack);
  EXPECT_GE(freed.peak_rss_bytes, freed.anonymous_bytes + freed.file_backed_bytes + kBlock - kSlack);
}

TEST(MemoryGroup, CountsItsOwnPeakAndLeavesNothingBehind) {
  const std::string group_before = ReadSystemFile("/proc/self/cgroup");
  EXPECT_TRUE(std::isnan(ReadMemory().cgroup_peak_bytes));
  std::string group_inside;
  {
    const MemoryGroup group;
    if (!group.joined()) GTEST_SKIP() << "no memory group can be made here: " << group.why_not();
    group_inside = FindCgroup("memory")->folder;
    { const AnonymousMemory block = TouchedBlock(PageSize::k4KiB); }
    const double peak = ReadMemory().cgroup_peak_bytes;
    EXPECT_GE(peak, kBlock);
    EXPECT_LE(peak, kBlock + kSlack);  // earlier charges stay with the group above

    const MemoryGroup second;
    EXPECT_FALSE(second.joined());
    EXPECT_NE(second.why_not(), "");
  }
  EXPECT_TRUE(std::isnan(ReadMemory().cgroup_peak_bytes));
  EXPECT_EQ(ReadSystemFile("/proc/self/cgroup"), group_before);
  EXPECT_FALSE(std::filesystem::exists(group_inside));
}

TEST(MemoryGroup, RemovesThoseOfDeadProcessesOnly) {
  const auto here = FindCgroup("memory");
  if (!here) GTEST_SKIP() << "no memory cgroup here";
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  const std::string of_dead = here->folder + "/plelab-" + std::to_string(dead);
  const std::string of_living = here->folder + "/plelab-" + std::to_string(getppid());
  const std::string of_others = here->folder + "/plelab-notes";
  if (mkdir(of_dead.c_str(), 0755) != 0) GTEST_SKIP() << "no group can be made here";
  mkdir(of_living.c_str(), 0755);
  mkdir(of_others.c_str(), 0755);
  { const MemoryGroup group; }
  EXPECT_FALSE(std::filesystem::exists(of_dead));
  EXPECT_TRUE(std::filesystem::exists(of_living));
  EXPECT_TRUE(std::filesystem::exists(of_others));
  for (const std::string& folder : {of_dead, of_living, of_others}) rmdir(folder.c_str());
}

}  // namespace memory_probe_test
}  // namespace plelab
