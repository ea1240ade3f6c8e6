// Where the kernel forbids io_uring, one variant is skipped and says why; nothing else changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/results/result_problems.h"
#include "tests/support/plelab.h"

namespace plelab {
namespace without_uring_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TinyRun;

const std::string kProgram = PLELAB_BINARY_DIR "/tests/without_uring";
constexpr int kCannotForbid = 77;  // what it exits with

class WithoutUring : public ::testing::Test {
 protected:
  void SetUp() override {
    const ProcessResult result = RunWithout({"/bin/true"});
    if (result.exit_code == kCannotForbid)
      GTEST_SKIP() << "no filter of system calls here: " << result.output;
  }
  static ProcessResult RunWithout(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kProgram);
    return RunProgram(arguments, testing::Limited());
  }
};

TEST_F(WithoutUring, AVariantIsSkippedAndTheOthersRun) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml("warmup_steps: 1, reps: 2, memory_reps: 0",
                               "  - {name: resident, ple: {strategy: resident}}\n"
                               "  - {name: pread, ple: {strategy: disk, backend: pread}}\n"
                               "  - {name: uring, ple: {strategy: disk, backend: io_uring}}\n"
                               "  - {name: above, ple: {strategy: cached, capacity: 5%, "
                               "over: {strategy: disk, backend: io_uring}}}\n"));
  const ProcessResult run = RunWithout(testing::RunArguments(tiny));
  ASSERT_EQ(run.exit_code, 0) << testing::LastLine(run);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const Record record = ReadRecord(tiny.out());
  for (const VariantRow& variant : record.variants) {
    const bool needs_uring = variant.variant == "uring" || variant.variant == "above";
    EXPECT_EQ(variant.status, needs_uring ? "skipped" : "done") << variant.variant;
    EXPECT_EQ(variant.error.find("io_uring") != std::string::npos, needs_uring) << variant.error;
  }
  for (const RepRow& rep : record.reps) EXPECT_TRUE(rep.variant != "uring" && rep.variant != "above");
  EXPECT_THAT(run.output, HasSubstr("skipped"));
}

TEST_F(WithoutUring, LogitsSayWhatToUseInstead) {
  const TinyRun tiny;
  const ProcessResult result =
      RunWithout({testing::kPlelab, "logits", tiny.checkpoint(), "--tokens", tiny.trace(), "--ple",
                  "disk,backend=io_uring", "--out", tiny.folder() + "/logits.h5"});
  testing::ExpectRefused(result, "io_uring");
  EXPECT_THAT(testing::LastLine(result), HasSubstr("backend: direct"));
}

}  // namespace without_uring_test
}  // namespace plelab
