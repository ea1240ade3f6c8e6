// `plelab compare` run as a user and as a CI job do: what it prints, and its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/record/recorder.h"
#include "tests/harness/results/two_results.h"
#include "tests/support/plelab.h"

namespace plelab {
namespace compare_command_test {

using testing::ExpectRefused;
using ::testing::HasSubstr;
using testing::LastLine;
using testing::RunPlelab;
using testing::SetMeta;
using testing::TemporaryFolder;
using testing::TimedRecord;

// A folder with a.h5, and others in which disk takes `factor` times as long.
class CompareCommand : public ::testing::Test {
 protected:
  CompareCommand() { Write("a", 1); }

  std::string Write(const std::string& name, double factor, const std::string& key = "weights",
                    const std::string& value = "trained", int64_t reps = 5) {
    Record record = TimedRecord({.reps = reps, .ns = [=](const std::string& variant, int64_t rep, int64_t) {
                                   const double ns = variant == "disk" ? 1.5e6 * factor : 1e6;
                                   return static_cast<int64_t>(ns) + 500 * rep;
                                 }});
    SetMeta(record, key, value);
    WriteRecord(Path(name), record);
    return Path(name);
  }
  std::string Path(const std::string& name) const { return folder_ / (name + ".h5"); }
  ProcessResult Compare(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"compare", Path("a")});
    return RunPlelab(arguments);
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(CompareCommand, PrintsWhatDiffersAndExitsWith0) {
  const ProcessResult result = Compare({Write("b", 1.5, "text_hash", "bb")});
  EXPECT_EQ(result.exit_code, 0) << LastLine(result);
  for (const char* text :
       {"inputs: differs", "config: the same", "outputs: the same", "B ÷ A", "disk", "fail"})
    EXPECT_THAT(result.output, HasSubstr(text));
}

TEST_F(CompareCommand, ExitsWith1WhereAVariantIsSlowerThanAsked) {
  const std::string slower = Write("b", 1.05);
  const ProcessResult result = Compare({slower, "--fail-if-slower", "2%"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(LastLine(result), HasSubstr("by more than 2%: disk"));
  EXPECT_EQ(Compare({slower, "--fail-if-slower", "0.06"}).exit_code, 0);
  EXPECT_EQ(Compare({Write("c", 0.8), "--fail-if-slower=2%"}).exit_code, 0);
  const ProcessResult one_of_two = Compare({Path("c"), slower, "--fail-if-slower=2%"});
  EXPECT_EQ(one_of_two.exit_code, 1);
  EXPECT_THAT(LastLine(one_of_two), HasSubstr("disk in " + slower));
}

TEST_F(CompareCommand, ExitsWith2WhereTimesAreRefusedAndSaysWhichFlag) {
  const std::string built = Write("b", 1.05, "build_commit", "c2");
  const ProcessResult refused = Compare({built, "--fail-if-slower=2%"});
  ExpectRefused(refused, "because its build differs (build_commit: 'c1' there, 'c2' here)");
  EXPECT_THAT(LastLine(refused), HasSubstr("say --across build"));
  EXPECT_THAT(refused.output, HasSubstr("build: differs"));
  EXPECT_EQ(Compare({built, "--fail-if-slower=2%", "--across", "build"}).exit_code, 1);
  EXPECT_EQ(Compare({built, "--across", "machine,build"}).exit_code, 0);
  ExpectRefused(Compare({Write("c", 1), built}), "no time is compared");
  ExpectRefused(Compare({Write("d", 1, "weights", "trained", 4), "--fail-if-slower=2%"}),
                "an interval needs 5");
}

TEST_F(CompareCommand, RefusesWhatIsNoResultAndWordsThatItDoesNotKnow) {
  ExpectRefused(Compare({Path("missing")}), "missing.h5");
  ExpectRefused(Compare({}), "expected two results or more");
  ExpectRefused(Compare({Path("a"), "--across", "weather"}), "weather");
  ExpectRefused(Compare({Path("a"), "--fail-if-slower", "fast"}), "fast");
  ExpectRefused(Compare({Path("a"), "--fail-if-slower", "2"}), "such as 2%");
  ExpectRefused(Compare({Path("a"), "--fail-if-slower", "-1%"}), "-1%");
}

}  // namespace compare_command_test
}  // namespace plelab
