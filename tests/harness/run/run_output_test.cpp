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
using ::testing::MatchesRegex;
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

// Works in a folder of its own for one test.
class RunOutputTest : public ::testing::Test {
 protected:
  RunOutputTest() { fs::current_path(folder_.path()); }
  ~RunOutputTest() override { fs::current_path(before_); }
  std::string PathOf(const std::string& out, const std::string& timeline = "") {
    ExperimentConfig config;
    config.name = "mine";
    options_.out = out;
    options_.timeline = timeline;
    return RunOutput(config, options_).path();
  }

  const fs::path before_ = fs::current_path();
  const TemporaryFolder folder_;
  RunOptions options_;
};

TEST_F(RunOutputTest, IsNamedAfterTheConfigAndTheTimeUnlessToldOtherwise) {
  EXPECT_THAT(PathOf(""), MatchesRegex("results/mine_20[0-9]{6}T[0-9]{6}Z\\.h5"));
  EXPECT_EQ(PathOf("there.h5"), "there.h5");
  options_.resume = true;
  EXPECT_EQ(PathOf("there.h5"), "there.h5");
}

TEST_F(RunOutputTest, OfAResumedRunIsTheNewestOfThisConfigWhosePartsAreThere) {
  const auto none = ThrowsMessage<UserError>(HasSubstr("results/: no unfinished run of 'mine' to resume"));
  options_.resume = true;
  EXPECT_THAT([&] { PathOf(""); }, none);
  for (const char* parts : {"minor_20260101T000000Z.h5.parts", "not_mine_20260101T000000Z.h5.parts",
                            "mine_too_20260901T000000Z.h5.parts"})
    fs::create_directories(std::string("results/") + parts);
  WriteText("results/mine_20260301T000000Z.h5", "finished");
  EXPECT_THAT([&] { PathOf(""); }, none);
  for (const char* parts :
       {"mine_20260102T000000Z.h5.parts", "mine_20260104T000000Z.h5.parts", "mine_20260103T000000Z.h5.parts"})
    fs::create_directories(std::string("results/") + parts);
  EXPECT_EQ(PathOf(""), "results/mine_20260104T000000Z.h5");
}

TEST_F(RunOutputTest, ATakenNameAndATimelineThatCannotBeWrittenAreRefused) {
  WriteText("x.h5", "theirs");
  EXPECT_THAT([&] { PathOf("x.h5"); },
              ThrowsMessage<UserError>(HasSubstr("x.h5: exists; name another file with --out")));
  EXPECT_THROW(PathOf("y.h5", "x.h5/t.json"), UserError);
  EXPECT_EQ(PathOf("y.h5", "t.json"), "y.h5");
  EXPECT_FALSE(fs::exists("y.h5"));
  options_.force = true;
  EXPECT_EQ(PathOf("x.h5"), "x.h5");
}

TEST_F(RunOutputTest, WritesOverAnotherFileOnlyWhereForced) {
  WriteText("x.h5", "theirs");
  WriteNewRecord("x.h5", {}, /*force=*/true);
  EXPECT_NO_THROW(ReadRecord("x.h5"));
  EXPECT_FALSE(fs::exists("x.h5.new"));
}

}  // namespace run_output_test
}  // namespace plelab
