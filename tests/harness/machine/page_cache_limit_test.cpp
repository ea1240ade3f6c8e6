#include "harness/machine/page_cache_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "harness/machine/cgroup.h"
#include "harness/storage/page_cache.h"
#include "harness/support/system_files.h"
#include "model/base/anonymous_memory.h"
#include "model/base/error.h"
#include "model/io/random_access_file.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace page_cache_limit_test {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kFileBytes = 64 * kMiB;
constexpr int64_t kLimit = 16 * kMiB;
constexpr int64_t kSlack = kMiB;  // what the kernel has charged ahead of its use

class PageCacheLimitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    struct statfs where = {};
    statfs(folder_.path().c_str(), &where);
    if (where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no storage behind its page cache";
    const std::string why_not = PageCacheLimit::WhyNot();
    if (!why_not.empty()) GTEST_SKIP() << "no limit can be set here: " << why_not;
    testing::WriteText(path_, std::string(kFileBytes, 'x'));
    EvictFromPageCache(whole_);
  }
  int64_t Cached() const { return CachedBytes(whole_); }
  // Reads all of the file in rows, in a random order.
  void ReadRows(IoBackend backend) const {
    constexpr int64_t kRow = 16 * 1024;
    const auto file = OpenRandomAccessFile(path_, {backend, IoAdvice::kRandom});
    std::vector<int64_t> rows(kFileBytes / kRow);
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
    std::shuffle(rows.begin(), rows.end(), std::mt19937(1));
    std::vector<std::byte> out(kRow);
    for (const int64_t row : rows) file->Read(row * kRow, out);
  }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "table";
  const FileRange whole_{path_, 0, kFileBytes};
};

TEST_F(PageCacheLimitTest, PagesBeyondTheLimitGoAgain) {
  for (const IoBackend backend : {IoBackend::kPread, IoBackend::kMmap}) {
    EvictFromPageCache(whole_);
    PageCacheLimit limit(kLimit);
    limit.Enter();
    ReadRows(backend);
    const int64_t held = limit.held_bytes(), cached = Cached();
    limit.Leave();
    EXPECT_LE(cached, kLimit + kSlack);
    EXPECT_GT(cached, kLimit / 2) << "the limit is used";
    EXPECT_LE(held, kLimit + kSlack);
  }
}

TEST_F(PageCacheLimitTest, MemoryOfTheProcessTakesNothingFromThePageCache) {
  PageCacheLimit limit(kLimit);
  limit.Enter();
  constexpr int64_t kPiece = 4 * kMiB;
  std::vector<AnonymousMemory> pieces;
  for (int i = 0; i < 8; ++i) {  // twice the limit in all
    pieces.emplace_back(kPiece, PageSize::k4KiB);
    std::memset(pieces.back().data(), 1, kPiece);
    limit.Renew();
  }
  ReadRows(IoBackend::kPread);
  const int64_t cached = Cached();
  limit.Leave();
  EXPECT_LE(cached, kLimit + kSlack);
  EXPECT_GT(cached, kLimit / 2);
}

TEST_F(PageCacheLimitTest, OutsideOfItNothingIsLimited) {
  PageCacheLimit limit(kLimit);
  limit.Enter();
  limit.Leave();
  ReadRows(IoBackend::kPread);
  EXPECT_EQ(Cached(), kFileBytes);
  EXPECT_EQ(limit.held_bytes(), 0) << "charged to the group that the process is in";
}

TEST_F(PageCacheLimitTest, EndsWhereTheProcessWas) {
  const std::string before = ReadSystemFile("/proc/self/cgroup");
  std::string inside;
  {
    PageCacheLimit limit(kLimit);
    EXPECT_EQ(ReadSystemFile("/proc/self/cgroup"), before) << "not yet entered";
    limit.Enter();
    inside = FindCgroup("memory")->folder;
    EXPECT_NE(ReadSystemFile("/proc/self/cgroup"), before);
  }
  EXPECT_EQ(ReadSystemFile("/proc/self/cgroup"), before);
  EXPECT_FALSE(std::filesystem::exists(inside));
}

TEST_F(PageCacheLimitTest, TwoAtATimeAreRefusedWithTheReason) {
  const PageCacheLimit limit(kLimit);
  EXPECT_THAT([] { PageCacheLimit second(kLimit); },
              ::testing::ThrowsMessage<RunError>(::testing::HasSubstr("plelab-")));
}

}  // namespace page_cache_limit_test
}  // namespace plelab
