#include "harness/storage/neutral_read.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <string>

#include "harness/storage/kernel_reads.h"
#include "harness/storage/page_cache.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace neutral_read_test {

constexpr int64_t kFileBytes = int64_t{1} << 20;

TEST(NeutralRead, MovesABlockAndLeavesNothingInThePageCache) {
  const testing::TemporaryFolder folder;
  struct statfs where = {};
  statfs(folder.path().c_str(), &where);
  if (where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no device behind it";
  if (KernelReads().bytes() == kBytesUnknown) GTEST_SKIP() << "/proc/self/io cannot be read here";
  testing::WriteText(folder / "table", std::string(kFileBytes, 'x'));
  EvictFromPageCache({folder / "table", 0, kFileBytes});
  NeutralRead read(folder / "table");
  const KernelReads reads;
  for (int i = 0; i < 3; ++i) read.Read();
  EXPECT_EQ(reads.bytes(), 3 * 4096);
  EXPECT_EQ(CachedBytes({folder / "table", 0, kFileBytes}), 0);
}

TEST(NeutralRead, WithoutABlockToReadItReadsNothing) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "short", std::string(4095, 'x'));
  for (const std::string& path : {folder / "short", folder / "none"}) {
    NeutralRead read(path);
    const KernelReads reads;
    EXPECT_NO_THROW(read.Read());
    EXPECT_LE(reads.bytes(), 0) << path;
  }
}

}  // namespace neutral_read_test
}  // namespace plelab
