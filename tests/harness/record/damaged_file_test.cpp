// Damaged result files are refused in one line; none ends the process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/record/recorder.h"
#include "model/base/error.h"
#include "tests/harness/record/record_fixture.h"
#include "tests/support/mutate.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace damaged_file_test {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryFolder;
using ::testing::ThrowsMessage;

const std::string kCrashes = PLELAB_SOURCE_DIR "/tests/data/damaged/result.h5";

TEST(DamagedFile, AFileOnWhichTheLibraryCrashesIsRefused) {
  EXPECT_THAT([] { ValidateRecord(kCrashes); }, ThrowsMessage<UserError>(HasSubstr("damaged")));
  EXPECT_THAT([] { ReadRecord(kCrashes); }, ThrowsMessage<UserError>(HasSubstr("damaged")));
}

// An attribute says that its string has gigabytes, which the library allocates and clears.
TEST(DamagedFile, AStringLongerThanTheFileIsNotAllocated) {
  const std::string path = PLELAB_SOURCE_DIR "/tests/data/damaged/long_string.h5";
  EXPECT_THAT([&] { ReadRecord(path); }, ThrowsMessage<UserError>(HasSubstr("damaged")));
}

// "valid", or the message of the error.
std::string Outcome(const std::string& path) {
  try {
    ValidateRecord(path);
    return "valid";
  } catch (const UserError& error) {
    return error.what();
  }
}

TEST(DamagedFile, EveryDamageIsNoticedOrHarmless) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.h5";
  WriteRecord(path, testing::MakeRecord());
  const std::string whole = testing::ReadText(path);
  int noticed = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    testing::Random random(seed);
    testing::WriteText(path, testing::Mutate(whole, whole, random));
    const std::string outcome = Outcome(path);  // any other exception fails the test, and so does a crash
    EXPECT_THAT(outcome, Not(HasSubstr("\n"))) << "seed " << seed;
    noticed += outcome != "valid";
  }
  EXPECT_GT(noticed, 20) << "of 60";
}

TEST(DamagedFile, ATableLargerThanTheFileCanHoldIsNotAllocated) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.h5";
  WriteRecord(path, testing::MakeRecord());
  std::filesystem::resize_file(path, 3000);
  EXPECT_THAT([&] { ReadRecord(path); }, ThrowsMessage<UserError>(HasSubstr(path)));
}

}  // namespace damaged_file_test
}  // namespace plelab
