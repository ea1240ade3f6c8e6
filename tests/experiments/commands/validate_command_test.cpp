// `plelab validate` run as a user does: exit codes, one line per problem.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/record/recorder.h"
#include "harness/support/process.h"
#include "tests/harness/record/record_fixture.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace validate_command_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeRecord;
using testing::TemporaryFolder;

ProcessResult Validate(const std::string& file) {
  return RunProgram({PLELAB_BINARY_DIR "/plelab", "validate", file});
}

TEST(ValidateCommand, SaysWhatAValidFileHolds) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", MakeRecord());
  const ProcessResult result = Validate(folder / "x.h5");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output,
            folder / "x.h5" +
                ": valid: 3 variants, 6 repetitions, 18 steps, 6 memory readings, 3 accuracy values, "
                "2 curves\n");
  EXPECT_THAT(result.last_lines, IsEmpty());
}

TEST(ValidateCommand, PrintsEachProblemAndExitsWith1) {
  const TemporaryFolder folder;
  Record record = MakeRecord();
  record.steps[0].hits = 5;
  record.variants[0].status = "perhaps";
  WriteRecord(folder / "x.h5", record);
  const ProcessResult result = Validate(folder / "x.h5");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr(": variants: 'resident': status: expected done, failed or skipped"));
  EXPECT_THAT(result.output,
              HasSubstr(": steps: 'resident' rep 0 step 0: hits 5 + misses 0 is not lookups 1\n"));
  EXPECT_THAT(result.last_lines, ElementsAre(folder / "x.h5" + ": 2 problems found"));
}

TEST(ValidateCommand, ExitsWith2WhenThereIsNothingToRead) {
  const TemporaryFolder folder;
  testing::WriteText(folder / "text.h5", "not a result");
  for (const std::string name : {"missing.h5", "text.h5"}) {
    const ProcessResult result = Validate(folder / name);
    EXPECT_EQ(result.exit_code, 2) << name;
    EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr(name))) << "one line";
  }
}

}  // namespace validate_command_test
}  // namespace plelab
