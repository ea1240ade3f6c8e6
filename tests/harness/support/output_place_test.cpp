#include "harness/support/output_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

#include "model/base/error.h"
#include "model/base/trial.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace output_place_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ReadText;
using testing::TemporaryFolder;
using ::testing::ThrowsMessage;
using testing::WriteText;

TEST(OutputLock, ASecondOneIsRefusedNamingTheHolder) {
  const TemporaryFolder folder;
  const std::string path = folder / "deeper/x.h5";
  {
    const OutputLock first(path);
    EXPECT_THAT([&] { OutputLock second(path); },
                ThrowsMessage<UserError>(
                    AllOf(HasSubstr(path), HasSubstr(std::string("process ") + std::to_string(::getpid())))));
    EXPECT_NO_THROW(OutputLock(folder / "deeper/y.h5")) << "another output";
  }
  EXPECT_TRUE(fs::is_empty(folder / "deeper")) << "nothing stays behind";
  EXPECT_NO_THROW(OutputLock second(path));
}

TEST(OutputLock, ACrashGivesItUp) {
  const TemporaryFolder folder;
  const TrialResult crash = TryInChild([&] {
    const OutputLock lock(folder / "x.h5");
    std::raise(SIGKILL);
  });
  ASSERT_EQ(crash.signal, SIGKILL);
  ASSERT_TRUE(fs::exists(folder / "x.h5.lock"));
  EXPECT_NO_THROW(OutputLock(folder / "x.h5"));
  EXPECT_FALSE(fs::exists(folder / "x.h5.lock"));
}

TEST(OutputLock, WhereNothingCanBeWrittenIsAMistake) {
  const TemporaryFolder folder;
  WriteText(folder / "file", "");
  EXPECT_THAT([&] { OutputLock(folder / "file/x.h5"); },
              ThrowsMessage<UserError>(HasSubstr("cannot be made")));
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_THAT([&] { OutputLock(folder / "fifo"); }, ThrowsMessage<UserError>(HasSubstr("is a FIFO")));
  EXPECT_THAT([&] { RequireWritable(folder / "fifo"); }, ThrowsMessage<UserError>(HasSubstr("is a FIFO")));
  EXPECT_THAT([&] { RequireWritable("/proc/plelab/x"); },
              ThrowsMessage<UserError>(HasSubstr("/proc/plelab")));
  RequireWritable(folder / "new/x");
  EXPECT_TRUE(fs::is_empty(folder / "new"));
}

TEST(RenameToNew, DoesNotReplaceWhatCameInTheMeantime) {
  const TemporaryFolder folder;
  WriteText(folder / "ours", "ours");
  WriteText(folder / "x", "theirs");
  EXPECT_THAT([&] { RenameToNew(folder / "ours", folder / "x"); },
              ThrowsMessage<UserError>(AllOf(HasSubstr("in the meantime"), HasSubstr(folder / "ours"))));
  EXPECT_EQ(ReadText(folder / "x"), "theirs");
  EXPECT_EQ(ReadText(folder / "ours"), "ours");
  fs::remove(folder / "x");
  RenameToNew(folder / "ours", folder / "x");
  EXPECT_EQ(ReadText(folder / "x"), "ours");
  EXPECT_FALSE(fs::exists(folder / "ours"));
}

TEST(RenameToNew, SaysWhyItFailed) {
  const TemporaryFolder folder;
  WriteText(folder / "ours", "ours");
  EXPECT_THAT([&] { RenameToNew(folder / "ours", "/proc/plelab"); },
              ThrowsMessage<RunError>(HasSubstr(std::strerror(EXDEV))));
  EXPECT_THAT([&] { RenameToNew(folder / "ours", folder / std::string(300, 'x')); },
              ThrowsMessage<RunError>(HasSubstr(std::strerror(ENAMETOOLONG))));
  EXPECT_EQ(ReadText(folder / "ours"), "ours");
}

}  // namespace output_place_test
}  // namespace plelab
