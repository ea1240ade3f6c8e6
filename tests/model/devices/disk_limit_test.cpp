// The kernel's limit holds while the process is in the group, and leaves nothing behind.  Skips with the
// reason where this system permits no such limit.
#include "model/devices/disk_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "model/base/error.h"
#include "model/devices/device_clock.h"
#include "model/io/direct_file.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace disk_limit_test {

using ::testing::HasSubstr;

std::string Groups() {
  std::ifstream stream("/proc/self/cgroup");
  return {std::istreambuf_iterator<char>(stream), {}};
}

class DiskLimitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = DiskLimit::WhyNot(file_.path()); !why.empty()) GTEST_SKIP() << why;
  }
  const TempFile file_{std::vector<std::byte>(1 << 20)};
};

TEST_F(DiskLimitTest, AProcessIsInTheGroupBetweenEnterAndLeave) {
  const std::string before = Groups();
  {
    DiskLimit limit(file_.path(), {.reads_per_s = 100'000'000});
    EXPECT_EQ(Groups(), before);
    limit.Enter();
    EXPECT_THAT(Groups(), HasSubstr(Format("plelab-{}-disk", ::getpid())));
    limit.Leave();
    EXPECT_EQ(Groups(), before);
    limit.Enter();
  }
  EXPECT_EQ(Groups(), before);
}

TEST_F(DiskLimitTest, LimitsReadsPerSecond) {
  constexpr int64_t kReads = 120, kPerSecond = 200;
  DiskLimit limit(file_.path(), {.reads_per_s = kPerSecond});
  EXPECT_THAT(limit.Describe(), HasSubstr("200 reads/s from "));
  std::optional<DirectFile> file;
  try {
    file.emplace(file_.path());
  } catch (const UserError& error) {
    GTEST_SKIP() << error.what();
  }
  limit.Enter();
  std::vector<std::byte> block(4096);
  const int64_t begin_ns = SteadyDeviceClock().NowNs();
  for (int64_t i = 0; i < kReads; ++i) file->Read(i * 4096, block);
  const double seconds = static_cast<double>(SteadyDeviceClock().NowNs() - begin_ns) / 1e9;
  limit.Leave();
  // The first slice, of at most 100 ms, passes at once.
  EXPECT_GT(seconds, static_cast<double>(kReads) / kPerSecond - 0.15);
}

TEST(DiskLimit, SaysWhyThereIsNone) {
  EXPECT_THAT(DiskLimit::WhyNot("/proc/self/stat"), HasSubstr("no disk of its own"));
  EXPECT_THAT(DiskLimit::WhyNot("/nonexistent"), HasSubstr("/nonexistent"));
  EXPECT_THROW(DiskLimit("/nonexistent", {.reads_per_s = 1}), RunError);
}

}  // namespace disk_limit_test
}  // namespace plelab
