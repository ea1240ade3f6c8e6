#include "harness/run/run_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/record/recorder.h"
#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace run_output_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::ReadText;
using testing::TemporaryFolder;
using ::testing::ThrowsMessage;
using testing::WriteText;

TEST(WriteNewRecord, LeavesAForeignFileBesideItAlone) {
  const TemporaryFolder folder;
  WriteText(folder / "x.h5.new", "mine");
  WriteNewRecord(folder / "x.h5", {}, /*force=*/false);
  EXPECT_NO_THROW(ReadRecord(folder / "x.h5"));
  EXPECT_EQ(ReadText(folder / "x.h5.new"), "mine");
  EXPECT_FALSE(fs::exists(folder / "x.h5.new2"));
}

TEST(WriteNewRecord, WhereItsNameIsTakenTheRecordIsUnderTheNextFreeOne) {
  const TemporaryFolder folder;
  WriteText(folder / "x.h5", "theirs");
  WriteText(folder / "x.h5.new", "mine");
  fs::create_symlink("nowhere", folder / "x.h5.new2");
  EXPECT_THAT([&] { WriteNewRecord(folder / "x.h5", {}, /*force=*/false); },
              ThrowsMessage<UserError>(HasSubstr("ours is " + (folder / "x.h5.new3"))));
  EXPECT_EQ(ReadText(folder / "x.h5"), "theirs");
  EXPECT_EQ(ReadText(folder / "x.h5.new"), "mine");
  EXPECT_TRUE(fs::is_symlink(folder / "x.h5.new2"));
  EXPECT_NO_THROW(ReadRecord(folder / "x.h5.new3"));
}

}  // namespace run_output_test
}  // namespace plelab
