// A scratch file where O_DIRECT is refused, and its bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "harness/measure/scratch_file.h"
#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace scratch_place_test {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

bool OnATmpfs(const std::string& folder) {
  struct statfs where = {};
  return statfs(folder.c_str(), &where) == 0 && where.f_type == TMPFS_MAGIC;
}

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
    OpenRandomAccessFile(scratch.path(), {IoBackend::kDirect});
  } catch (const std::exception&) {
    refused = true;
  }
  EXPECT_EQ(scratch.direct(), !refused);
}

TEST(ScratchPlace, ItsBytesAreThoseOfItsSeedAndNotInThePageCache) {
  const testing::TemporaryFolder one, two, three;
  const ScratchFile first(one.path(), 70'001, 1), same(two.path(), 70'001, 1), other(three.path(), 70'001, 2);
  if (!OnATmpfs(one.path())) {
    EXPECT_EQ(first.cached_bytes(), 0);
  }
  EXPECT_EQ(first.path(), one / "plelab_scratch.bin");
  EXPECT_EQ(testing::ReadText(first.path()).size(), 70'001u);
  EXPECT_TRUE(testing::ReadText(first.path()) == testing::ReadText(same.path()));
  EXPECT_FALSE(testing::ReadText(first.path()) == testing::ReadText(other.path()));
}

// A link that somebody put there leads to a file that is theirs.
TEST(ScratchPlace, WhatStandsInItsPlaceIsReplacedAndNotWrittenThrough) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "theirs", "theirs");
  std::filesystem::create_symlink(folder / "theirs", folder / "plelab_scratch.bin");
  {
    const ScratchFile scratch(folder.path(), 5000, 1);
    EXPECT_FALSE(std::filesystem::is_symlink(scratch.path()));
    EXPECT_EQ(scratch.file().size_bytes(), 5000);
  }
  EXPECT_EQ(testing::ReadText(folder / "theirs"), "theirs");
  EXPECT_FALSE(std::filesystem::exists(folder / "plelab_scratch.bin"));
}

TEST(ScratchPlace, AFolderThatCannotBeMadeIsNamed) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "file", "");
  EXPECT_THAT([&] { ScratchFile(folder / "file/below", 5000, 1); },
              ThrowsMessage<UserError>(HasSubstr(folder / "file/below: cannot be made: ")));
}

// Files of this process cannot grow beyond a limit, as on a full disk.
TEST(ScratchPlace, WhatCouldNotBeWrittenWholeIsRemoved) {
  const testing::TemporaryFolder folder;
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{1 << 20, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_THAT([&] { ScratchFile(folder.path(), 3 << 20, 1); },
              ThrowsMessage<RunError>(HasSubstr("plelab_scratch.bin: cannot be written: is the disk full?")));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace scratch_place_test
}  // namespace plelab
