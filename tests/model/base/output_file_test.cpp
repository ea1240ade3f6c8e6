#include "model/base/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace output_file_test {

namespace fs = std::filesystem;
using testing::ReadText;
using testing::TemporaryFolder;

int64_t Entries(const std::string& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

void WriteAt(OutputFile& file, int64_t offset, std::string_view text) {
  file.Write(offset, std::as_bytes(std::span(text)));
}

TEST(OutputFile, GetsItsNameWhenItIsCommitted) {
  const TemporaryFolder folder;
  WriteWholeFile(folder / "x", "earlier");
  OutputFile file(folder / "x");
  WriteAt(file, 4, "last");
  WriteAt(file, 0, "1st,");
  EXPECT_EQ(ReadText(folder / "x"), "earlier");
  file.Commit();
  EXPECT_EQ(ReadText(folder / "x"), "1st,last");
  EXPECT_EQ(Entries(folder.path()), 1);
}

TEST(OutputFile, LeavesNothingWhereItWasNotCommitted) {
  const TemporaryFolder folder;
  WriteWholeFile(folder / "x", "earlier");
  {
    OutputFile file(folder / "x");
    WriteAt(file, 0, "half");
  }
  EXPECT_EQ(ReadText(folder / "x"), "earlier");
  EXPECT_EQ(Entries(folder.path()), 1);
}

TEST(OutputFile, AFailedRenameLeavesNothing) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "x/inside");
  EXPECT_THROW(WriteWholeFile(folder / "x", "text"), RunError);
  EXPECT_EQ(Entries(folder.path()), 1);
}

TEST(OutputFile, TwoWritersOfOnePathDoNotMix) {
  const TemporaryFolder folder;
  OutputFile first(folder / "x");
  WriteAt(first, 0, "the first writer's");
  OutputFile second(folder / "x");
  WriteAt(second, 0, "second");
  WriteAt(first, 18, " text");
  first.Commit();
  EXPECT_EQ(ReadText(folder / "x"), "the first writer's text");
  second.Commit();
  EXPECT_EQ(ReadText(folder / "x"), "second");
  EXPECT_EQ(Entries(folder.path()), 1);
}

TEST(OutputFile, AProcessThatIsKilledLeavesNothing) {
  const TemporaryFolder folder;
  const int unnamed = ::open(folder.path().c_str(), O_TMPFILE | O_WRONLY, 0600);
  if (unnamed < 0) GTEST_SKIP() << "this file system has no files without a name";
  ::close(unnamed);
  const pid_t child = ::fork();
  if (child == 0) {
    OutputFile file(folder / "x");
    WriteAt(file, 0, "half");
    ::_exit(0);  // runs no destructor
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Entries(folder.path()), 0);
}

TEST(FileLock, IsHeldByOneAtATime) {
  const TemporaryFolder folder;
  WriteWholeFile(folder / "x", "locked");
  std::optional<FileLock> held = FileLock::Try(folder / "x");
  ASSERT_TRUE(held.has_value());
  EXPECT_FALSE(FileLock::Try(folder / "x").has_value());
  held.reset();
  EXPECT_TRUE(FileLock::Try(folder / "x").has_value());
  EXPECT_THROW(FileLock::Try(folder / "nothing"), RunError);
}

TEST(WriteWholeFile, MakesTheFolderWhereItIsMissing) {
  const TemporaryFolder folder;
  WriteWholeFile(folder / "a/b/x", "text");
  EXPECT_EQ(ReadText(folder / "a/b/x"), "text");
  EXPECT_THROW(WriteWholeFile(folder / "a/b/x/y", "text"), RunError);
}

}  // namespace output_file_test
}  // namespace plelab
