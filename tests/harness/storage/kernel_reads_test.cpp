// The kernel's own count of what the device moved, for every way to read a file.
#include "harness/storage/kernel_reads.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <thread>

#include "harness/storage/page_cache.h"
#include "model/io/direct_file.h"
#include "model/io/random_access_file.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace kernel_reads_test {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kFileBytes = 16 * kMiB;
constexpr int64_t kRowBytes = 15'360;
constexpr int64_t kRowOffset = 7 * kMiB + 1000;  // in no block of its own

TEST(KernelReadsText, TheFieldIsFoundAndItsAbsenceIsSaid) {
  EXPECT_EQ(ReadBytesOf("rchar: 3\nsyscr: 4\nread_bytes: 8192\nwrite_bytes: 5\n"), 8192);
  EXPECT_EQ(ReadBytesOf("rchar: 3\nwrite_bytes: 5\n"), kBytesUnknown);
  EXPECT_EQ(ReadBytesOf(""), kBytesUnknown);
}

class KernelReadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    struct statfs where = {};
    statfs(folder_.path().c_str(), &where);
    if (where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no device behind it";
    if (KernelReads().bytes() == kBytesUnknown) GTEST_SKIP() << "/proc/self/io cannot be read here";
    testing::WriteText(path_, std::string(kFileBytes, 'x'));
  }
  std::unique_ptr<RandomAccessFile> Open(IoBackend backend, IoAdvice advice = IoAdvice::kNormal) const {
    return OpenRandomAccessFile(path_, {backend, advice});
  }
  void Evict() const {
    EvictFromPageCache({path_, 0, kFileBytes});
    ASSERT_EQ(CachedBytes({path_, 0, kFileBytes}), 0);
  }
  static int64_t MovedBy(RandomAccessFile& file, int64_t offset = kRowOffset, int64_t size = kRowBytes) {
    std::vector<std::byte> out(size);
    const KernelReads reads;
    file.Read(offset, out);
    return reads.bytes();
  }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "table";
};

// The pages that the row lies on, and no more.
int64_t PagesOfRow() {
  const int64_t page = sysconf(_SC_PAGESIZE);
  return (kRowOffset + kRowBytes + page - 1) / page * page - kRowOffset / page * page;
}

TEST_F(KernelReadsTest, RandomAdviceMovesThePagesOfTheRowAndNoMore) {
  for (const IoBackend backend : {IoBackend::kPread, IoBackend::kMmap}) {
    Evict();
    EXPECT_EQ(MovedBy(*Open(backend, IoAdvice::kRandom)), PagesOfRow());
    EXPECT_EQ(CachedBytes({path_, 0, kFileBytes}), PagesOfRow());
  }
}

// How much more depends on the read-ahead of the device: it is what the page cache holds afterwards, once the
// reads that nobody waits for have ended.
TEST_F(KernelReadsTest, WhatIsReadAheadCounts) {
  for (const IoBackend backend : {IoBackend::kPread, IoBackend::kMmap}) {
    Evict();
    const int64_t moved = MovedBy(*Open(backend));
    EXPECT_GE(moved, PagesOfRow());
    for (int waits = 0; waits < 1000 && CachedBytes({path_, 0, kFileBytes}) < moved; ++waits)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(CachedBytes({path_, 0, kFileBytes}), moved);
  }
}

TEST_F(KernelReadsTest, WhatThePageCacheAnswersCountsNothing) {
  for (const IoBackend backend : {IoBackend::kPread, IoBackend::kMmap}) {
    WarmPageCache({path_, 0, kFileBytes});
    EXPECT_EQ(MovedBy(*Open(backend)), 0);
  }
}

TEST_F(KernelReadsTest, ADirectReadMovesWholeBlocksEachTime) {
  DirectFile file(path_);
  const int64_t block = file.alignment_bytes();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(MovedBy(file, 0, block), block);
    EXPECT_EQ(MovedBy(file, 0, 1), block);
    EXPECT_EQ(MovedBy(file, block - 1, 2), 2 * block);
    EXPECT_EQ(MovedBy(file, 3 * block + 1, block), 2 * block);
  }
}

TEST_F(KernelReadsTest, WhatAnotherThreadReadsCounts) {
  Evict();
  const auto file = Open(IoBackend::kPread, IoAdvice::kRandom);
  std::vector<std::byte> out(kRowBytes);
  const KernelReads reads;
  std::thread([&] { file->Read(kRowOffset, out); }).join();
  EXPECT_EQ(reads.bytes(), PagesOfRow());
}

TEST_F(KernelReadsTest, APageThatIsMappedIsEvictedOnceItIsReleased) {
  const auto file = Open(IoBackend::kMmap, IoAdvice::kRandom);
  MovedBy(*file);
  file->ReleasePages();
  Evict();
  EXPECT_EQ(MovedBy(*file), PagesOfRow());
}

}  // namespace kernel_reads_test
}  // namespace plelab
