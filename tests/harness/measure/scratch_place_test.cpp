// A scratch file where O_DIRECT is refused, and its bytes.
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "harness/measure/scratch_file.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace scratch_place_test {

// 2.2 chunks of the size in which it is written: every piece differs from every other.
TEST(ScratchPlace, HoldsBytesThatDoNotRepeat) {
  const testing::TemporaryFolder folder;
  const ScratchFile scratch(folder.path(), 9'230'000, 1);
  std::set<std::vector<std::byte>> pieces;
  int64_t zeros = 0;
  for (int64_t offset = 0; offset + 4096 <= 9'230'000; offset += 65'536) {
    std::vector<std::byte> piece(4096);
    scratch.file().Read(offset, piece);
    zeros += std::count(piece.begin(), piece.end(), std::byte{0});
    pieces.insert(piece);
  }
  EXPECT_EQ(pieces.size(), 141u);
  EXPECT_LT(zeros, 141 * 4096 / 128) << "one in 256";
}

TEST(ScratchPlace, SaysWhereReadsGoThroughThePageCache) {
  struct statfs where = {};
  const bool is_tmpfs = statfs("/dev/shm", &where) == 0 && where.f_type == TMPFS_MAGIC;
  if (!is_tmpfs || access("/dev/shm", W_OK) != 0) GTEST_SKIP() << "no tmpfs to write to";
  const testing::TemporaryFolder folder("/dev/shm");
  const ScratchFile scratch(folder.path(), 1 << 20, 1);
  // Newer kernels take O_DIRECT on a tmpfs too.
  bool refused = false;
  try {
    OpenRandomAccessFile(scratch.path(), IoBackend::kDirect);
  } catch (const std::exception&) {
    refused = true;
  }
  EXPECT_EQ(scratch.direct(), !refused);
}

}  // namespace scratch_place_test
}  // namespace plelab
