#include "model/base/output_file.h"

#include <gtest/gtest.h>

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

TEST(WriteWholeFile, MakesTheFolderWhereItIsMissing) {
  const TemporaryFolder folder;
  WriteWholeFile(folder / "a/b/x", "text");
  EXPECT_EQ(ReadText(folder / "a/b/x"), "text");
  EXPECT_THROW(WriteWholeFile(folder / "a/b/x/y", "text"), RunError);
}

}  // namespace output_file_test
}  // namespace plelab
