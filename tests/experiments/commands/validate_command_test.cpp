// `plelab validate` run as a user does: exit codes, one line per problem.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/comparison/comparison.h"
#include "harness/comparison/control.h"
#include "harness/config/experiment_config.h"
#include "harness/record/hdf5_file.h"
#include "harness/record/recorder.h"
#include "harness/support/process.h"
#include "tests/harness/record/record_fixture.h"
#include "tests/harness/results/two_results.h"
#include "tests/support/program.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace validate_command_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LastLine;
using testing::MakeRecord;
using testing::TemporaryFolder;

ProcessResult Validate(const std::vector<std::string>& files) {
  std::vector<std::string> command = {PLELAB_BINARY_DIR "/plelab", "validate"};
  command.insert(command.end(), files.begin(), files.end());
  return RunProgram(command);
}

TEST(ValidateCommand, SaysWhatAValidFileHolds) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", MakeRecord());
  const ProcessResult result = Validate({folder / "x.h5"});
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
  const ProcessResult result = Validate({folder / "x.h5"});
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
    const ProcessResult result = Validate({folder / name});
    EXPECT_EQ(result.exit_code, 2) << name;
    EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr(name))) << "one line";
  }
}

TEST(ValidateCommand, ExitsWith2ForAFileThatIsNoResultAndListsWhatItLacks) {
  const TemporaryFolder folder;
  Hdf5Writer foreign;
  foreign.WriteAttribute("/meta", "made_by", "another program");
  foreign.Save(folder / "x.h5");
  const ProcessResult result = Validate({folder / "x.h5"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.output, HasSubstr("/meta has no schema_version: not a result of plelab\n"));
  EXPECT_THAT(result.output, HasSubstr("/tables/steps is missing\n"));
  EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr("problems found")));
}

TEST(ValidateCommand, ExitsWith2ForATruncatedFile) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", MakeRecord());
  std::filesystem::resize_file(folder / "x.h5", std::filesystem::file_size(folder / "x.h5") / 2);
  const ProcessResult result = Validate({folder / "x.h5"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr("x.h5")));
}

// Ten repetitions in which the twin of the baseline is slower by far: its control fails.
Record FailedControl() {
  Record record = testing::TimedRecord(
      {.reps = 10, .ns = [](const std::string& variant, int64_t rep, int64_t step) -> int64_t {
         return 1'000'000 + (variant == "resident@control" ? 300'000 : 0) + 100 * rep + step;
       }});
  const std::string yaml =
      "experiment: ple_strategies\nmodel: {checkpoint: c}\nworkload: {trace: t}\nvariants:\n  - {name: "
      "resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";
  testing::SetMeta(record, "config_yaml", yaml);
  for (RepRow& rep : record.reps) rep.guest_cold = rep.device_cold = "not_asked";
  record.comparisons = CompareVariants(record, ParseExperimentConfig(yaml, "x").design);
  testing::SetMeta(record, "control", ControlOutcome(record.comparisons));
  return record;
}

TEST(ValidateCommand, AnHonestFailureOfAControlIsValidAndADishonestOneIsNot) {
  const TemporaryFolder folder;
  Record record = FailedControl();
  ASSERT_EQ(MetaValue(record.meta, "control"), "failed");
  WriteRecord(folder / "honest.h5", record);
  EXPECT_EQ(Validate({folder / "honest.h5"}).exit_code, 0) << LastLine(Validate({folder / "honest.h5"}));
  testing::SetMeta(record, "control", "passed");
  WriteRecord(folder / "dishonest.h5", record);
  const ProcessResult result = Validate({folder / "dishonest.h5"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("meta: control: the steps give 'failed', found 'passed'"));
}

TEST(ValidateCommand, AConfigThatCannotBeReadIsAnInconsistency) {
  const TemporaryFolder folder;
  Record record = FailedControl();
  testing::SetMeta(record, "config_yaml", "experiment: astrology\n");
  WriteRecord(folder / "x.h5", record);
  const ProcessResult result = Validate({folder / "x.h5"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("unknown experiment 'astrology'"));
}

TEST(ValidateCommand, OfSeveralFilesTheWorstDecides) {
  const TemporaryFolder folder;
  Record record = MakeRecord();
  WriteRecord(folder / "valid.h5", record);
  record.steps[0].hits = 5;
  WriteRecord(folder / "inconsistent.h5", record);
  testing::WriteText(folder / "foreign.h5", "not a result");
  const std::string valid = folder / "valid.h5", inconsistent = folder / "inconsistent.h5",
                    foreign = folder / "foreign.h5";
  EXPECT_EQ(Validate({valid, valid}).exit_code, 0);
  EXPECT_EQ(Validate({inconsistent, valid}).exit_code, 1);
  for (const auto& files : {std::vector{foreign, inconsistent, valid}, {valid, inconsistent, foreign}}) {
    const ProcessResult result = Validate(files);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.output, HasSubstr(valid + ": valid: 3 variants"));
    EXPECT_THAT(result.output, HasSubstr(inconsistent + ": 1 problem found\n"));
    EXPECT_THAT(result.output, HasSubstr(foreign + ": "));
    EXPECT_THAT(result.last_lines,
                ElementsAre(HasSubstr("2 of 3 files are not valid; the worst: " + foreign)));
  }
}

}  // namespace validate_command_test
}  // namespace plelab
