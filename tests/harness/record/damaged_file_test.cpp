// Damaged result files are refused in one line; none ends the process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <filesystem>

#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
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
  EXPECT_THAT([] { ResultProblems(kCrashes); }, ThrowsMessage<UserError>(HasSubstr("damaged")));
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
    ResultProblems(path);
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

TEST(DamagedFile, AnEndThatIsMissingIsNoticed) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.h5";
  WriteRecord(path, testing::MakeRecord());
  std::filesystem::resize_file(path, 3000);
  EXPECT_THAT([&] { ReadRecord(path); }, ThrowsMessage<UserError>(HasSubstr(path)));
}

// Replaces /tables/steps by 10^12 rows of one number in chunks, of which the file has none: a few hundred
// bytes.
void ClaimManyRows(const std::string& path) {
  constexpr hsize_t kRows = 1'000'000'000'000, kRowsPerChunk = 1024;
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(double));
  H5Tinsert(type, "x", 0, H5T_IEEE_F64LE);
  const hid_t space = H5Screate_simple(1, &kRows, nullptr), properties = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(properties, 1, &kRowsPerChunk);
  H5Ldelete(file, "/tables/steps", H5P_DEFAULT);
  const hid_t table = H5Dcreate2(file, "/tables/steps", type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
  EXPECT_GE(table, 0);
  H5Dclose(table);
  H5Pclose(properties);
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(file);
}

TEST(DamagedFile, ATableLargerThanTheFileCanHoldIsNotAllocated) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.h5";
  WriteRecord(path, testing::MakeRecord());
  ClaimManyRows(path);
  EXPECT_LT(std::filesystem::file_size(path), 1u << 20);
  EXPECT_THAT([&] { ReadRecord(path); },
              ThrowsMessage<UserError>(HasSubstr("/tables/steps: claims 8000000000000 bytes")));
}

}  // namespace damaged_file_test
}  // namespace plelab
