// `plelab run RESULT.h5`, the hints that a stopped run gives, and what --dry-run says of the design.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "tests/support/plelab.h"

namespace plelab {
namespace run_again_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::CountParts;
using testing::ExpectRefused;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTwoVariants;
using testing::LastLine;
using ::testing::Not;
using testing::RunArguments;
using testing::RunConfig;
using testing::RunIn;
using testing::RunPlelab;
using testing::TinyRun;
using testing::WriteText;

const char* const kShort = "warmup_steps: 1, reps: 2, memory_reps: 0, settle: 0";
const char* const kLong = "warmup_steps: 1, reps: 18, memory_reps: 0, settle: 0";

std::string Written(const TinyRun& tiny, const char* design) {
  WriteText(tiny.config_path(), tiny.Yaml(design, kTwoVariants));
  return tiny.config_path();
}

TEST(RunAgain, ARecordedConfigRunsAgainWithTheSameOutputs) {
  const TinyRun tiny;
  Written(tiny, kShort);
  ASSERT_EQ(RunConfig(tiny).exit_code, 0);
  fs::remove(tiny.config_path());
  const std::string again = tiny.folder() + "/again.h5";
  const ProcessResult run = RunPlelab({"run", tiny.out(), "--out", again, "--allow-debug"});
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  const Record first = ReadRecord(tiny.out()), second = ReadRecord(again);
  EXPECT_EQ(MetaValue(second.meta, "config"), "tiny");
  EXPECT_EQ(MetaValue(second.meta, "config_path"), tiny.out());
  EXPECT_EQ(MetaValue(second.meta, "config_yaml"), MetaValue(first.meta, "config_yaml"));
  ASSERT_EQ(first.reps.size(), second.reps.size());
  for (size_t i = 0; i < first.reps.size(); ++i) {
    EXPECT_EQ(first.reps[i].output_sha256, second.reps[i].output_sha256);
  }
  EXPECT_THAT(ResultProblems(again), IsEmpty());
}

TEST(RunAgain, SetOutDryRunAndResumeWorkAsWithAConfig) {
  const TinyRun tiny;
  Written(tiny, kShort);
  ASSERT_EQ(RunConfig(tiny).exit_code, 0);
  const ProcessResult dry = RunPlelab({"run", tiny.out(), "--set", "design.reps=7", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << LastLine(dry);
  EXPECT_THAT(dry.output, AllOf(HasSubstr("tiny: 2 variants"), HasSubstr("repetitions: 7")));
  ExpectRefused(RunPlelab({"run", tiny.out(), "--out", tiny.out(), "--allow-debug"}), "name another file");
  const std::string again = tiny.folder() + "/again.h5";
  ExpectRefused(RunPlelab({"run", tiny.out(), "--out", again, "--resume", "--allow-debug"}),
                "nothing to resume");
  // Without --out the name is the config's.
  const ProcessResult named = RunIn("cd \"$(dirname \"$3\")\" && exec \"$@\"",
                                    {"run", tiny.out(), "--allow-debug", "--set", "design.reps=1"});
  ASSERT_EQ(named.exit_code, 0) << LastLine(named);
  EXPECT_THAT(named.output, HasSubstr("\nresults/tiny_20"));
}

TEST(RunAgain, AnInputThatChangedOrIsGoneIsRefusedBeforeAnythingRuns) {
  const TinyRun tiny;
  Written(tiny, kShort);
  ASSERT_EQ(RunConfig(tiny).exit_code, 0);
  std::ofstream(tiny.trace(), std::ios::app) << " ";
  const std::vector<std::string> again = {"run", tiny.out(), "--out", tiny.folder() + "/again.h5",
                                          "--allow-debug"};
  const ProcessResult changed = RunPlelab(again);
  ExpectRefused(changed, tiny.trace() + " is not what the recorded run read: recorded '");
  fs::remove(tiny.trace());
  ExpectRefused(RunPlelab(again), "found 'no such file'");
  ExpectRefused(RunPlelab({"run", tiny.out(), "--dry-run"}), "found 'no such file'");
  EXPECT_FALSE(fs::exists(tiny.folder() + "/again.h5"));
}

TEST(RunAgain, AResultOfVersion1IsRefusedByItsKeyAndRunsWithTheKeySet) {
  const TinyRun tiny;
  Written(tiny, kShort);
  ASSERT_EQ(RunConfig(tiny).exit_code, 0);
  Record old = ReadRecord(tiny.out());
  std::erase_if(old.meta, [](const auto& entry) { return entry.first == "inputs"; });
  for (auto& [key, value] : old.meta) {
    if (key != "config_yaml") continue;
    value.replace(value.find("order: williams"), 15, "order: abba");
    value.erase(value.find("  processes: 1\n"), 15);
  }
  const std::string file = tiny.folder() + "/old.h5";
  WriteRecord(file, old);
  ExpectRefused(RunPlelab({"run", file, "--dry-run"}), "old.h5, config_yaml:");
  const ProcessResult refused = RunPlelab({"run", file, "--allow-debug"});
  ExpectRefused(refused, "'abba' is gone");
  EXPECT_THAT(LastLine(refused), HasSubstr("--set design.order=williams"));
  const ProcessResult run = RunPlelab(
      {"run", file, "--set", "design.order=williams", "--out", tiny.folder() + "/again.h5", "--allow-debug"});
  EXPECT_EQ(run.exit_code, 0) << LastLine(run);
  const ProcessResult dry = RunPlelab({"run", file, "--set", "design.order=williams", "--dry-run"});
  EXPECT_THAT(LastLine(dry), HasSubstr("the default is taken: design.processes=3"));
}

TEST(RunAgain, WhatIsNoResultIsRefused) {
  const TinyRun tiny;
  WriteText(tiny.out(), "\x89HDF\r\n\x1a\n and nothing more");
  ExpectRefused(RunPlelab({"run", tiny.out(), "--allow-debug"}), tiny.out());
}

// The line that a stopped run says to go on with, as a shell command of its own.
std::string HintIn(const std::string& line) {
  const std::string start = "go on with: build/plelab ";
  const size_t at = line.find(start);
  if (at == std::string::npos) return "";
  const size_t end = std::min(line.find("; or ", at), line.size());
  return line.substr(at + start.size(), end - at - start.size());
}

TEST(ResumeHint, RepeatsSetOnAFullDiskAndWorksAsItStands) {
  const TinyRun tiny;
  Written(tiny, kLong);
  const std::vector<std::string> set = {"--set", "design.reps=9", "--set", "design.seed=7"};
  testing::KillWhen(RunArguments(tiny, set), [&] { return CountParts(tiny) >= 4; });
  ASSERT_FALSE(fs::exists(tiny.out())) << "killed too late to show anything";
  std::vector<std::string> arguments = {
      "run",   tiny.config_path(), "--out", tiny.out(),      "--allow-debug",
      "--set", "design.reps=9",    "--set", "design.seed=7", "--resume"};
  // A limit of file sizes stands for a full disk.
  const ProcessResult full = RunIn("ulimit -f 8; exec \"$@\"", arguments);
  ASSERT_EQ(full.exit_code, 1) << LastLine(full);
  const std::string hint = HintIn(LastLine(full));
  EXPECT_THAT(hint, HasSubstr("--set design.reps=9 --set design.seed=7 --allow-debug --out"));
  const ProcessResult resumed = RunIn("exec \"$1\" " + hint, {});
  EXPECT_EQ(resumed.exit_code, 0) << LastLine(resumed);
  EXPECT_EQ(ReadRecord(tiny.out()).steps.size(), 3u * 9 * 8)
      << "with the twin, nine repetitions of eight steps";
}

TEST(ResumeHint, RepeatsSetAfterCtrlC) {
  const TinyRun tiny;
  Written(tiny, kLong);
  const std::string log = tiny.folder() + "/log";
  std::vector<std::string> arguments = RunArguments(tiny, {"--set", "design.seed=7"});
  arguments.insert(arguments.begin(), {"/bin/sh", "-c", "exec \"$@\" 2> " + log, "sh"});
  testing::SignalWhen(arguments, SIGINT, [&] { return CountParts(tiny) >= 4; });
  ASSERT_FALSE(fs::exists(tiny.out())) << "interrupted too late to show anything";
  EXPECT_THAT(testing::ReadText(log), AllOf(HasSubstr("interrupted; finished parts are kept in"),
                                            HasSubstr("--set design.seed=7 --allow-debug --out")));
}

TEST(ResumeHint, OfALaterRunRepeatsWhatTheStoppedOneWasAskedFor) {
  const TinyRun tiny;
  Written(tiny, kLong);
  testing::KillWhen(RunArguments(tiny, {"--set", "design.seed=7"}), [&] { return CountParts(tiny) >= 4; });
  ASSERT_FALSE(fs::exists(tiny.out())) << "killed too late to show anything";
  const ProcessResult without = RunConfig(tiny);
  ExpectRefused(without, "--set design.seed=7 --allow-debug --out " + tiny.out() + " --resume; or name");
  const ProcessResult changed = RunConfig(tiny, {"--resume"});
  ExpectRefused(changed, "config_yaml differs");
  EXPECT_THAT(LastLine(changed), HasSubstr("go on as it was started: build/plelab run " + tiny.config_path() +
                                           " --set design.seed=7 --allow-debug --out " + tiny.out() +
                                           " --resume, or measure anew under another name"));
}

// A way that keeps what is there stands before --force.
void ExpectForceLast(const ProcessResult& result, const std::string& first) {
  const std::string line = LastLine(result);
  EXPECT_EQ(result.exit_code, 2) << line;
  const size_t way = line.find(first), force = line.find("--force");
  EXPECT_NE(way, std::string::npos) << line;
  EXPECT_TRUE(force == std::string::npos || way < force) << line;
}

TEST(Refusals, NeverSuggestForceFirst) {
  const TinyRun tiny;
  Written(tiny, kLong);
  testing::KillWhen(RunArguments(tiny), [&] { return CountParts(tiny) >= 4; });
  ExpectForceLast(RunConfig(tiny), "--resume");
  ExpectForceLast(RunConfig(tiny, {"--resume", "--set", "design.reps=19"}), "--out");
  WriteText(tiny.folder() + "/there.h5", "mine");
  ExpectForceLast(
      RunPlelab({"run", tiny.config_path(), "--allow-debug", "--out", tiny.folder() + "/there.h5"}), "--out");
  WriteText(tiny.folder() + "/ids.json", "[3, 4]");
  ExpectForceLast(RunPlelab({"logits", tiny.checkpoint(), "--tokens", tiny.folder() + "/ids.json", "--out",
                             tiny.folder() + "/there.h5"}),
                  "--out");
  ExpectForceLast(RunPlelab({"synth", "--shape", "small", "--out", tiny.checkpoint()}), "--out");
}

TEST(DryRun, PrintsTheDesignAndThatNothingIsKnownYet) {
  const TinyRun tiny;
  Written(tiny, "processes: 3, reps: 8, seed: 3");
  const ProcessResult run =
      RunIn("cd \"$(dirname \"$3\")\" && exec \"$@\"", {"run", tiny.config_path(), "--dry-run"});
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(run.output, AllOf(HasSubstr("order: williams"), HasSubstr("(seed 3)"),
                                HasSubstr("repetitions: 8, in 3 processes"),
                                HasSubstr("controls: resident@control"), HasSubstr("baseline 'resident'"),
                                HasSubstr("unknown: no earlier run of this config; --pilot measures one")));
  EXPECT_FALSE(fs::exists(tiny.folder() + "/results"));
}

TEST(DryRun, TellsTheSmallestDifferenceFromTheLastRunOfTheConfig) {
  const TinyRun tiny;
  Written(tiny, kShort);
  fs::create_directory(tiny.folder() + "/results");
  const std::string last = tiny.folder() + "/results/tiny_x.h5";
  ASSERT_EQ(RunPlelab({"run", tiny.config_path(), "--out", last, "--allow-debug"}).exit_code, 0);
  const ProcessResult run = RunIn("cd \"$(dirname \"$3\")\" && exec \"$@\"",
                                  {"run", tiny.config_path(), "--dry-run", "--set", "design.reps=10"});
  EXPECT_THAT(run.output, AllOf(HasSubstr("smallest difference: "), HasSubstr("% of a step"),
                                HasSubstr("varies in results/tiny_x.h5, 2 repetitions of 8 steps")));
}

TEST(DryRun, APilotMeasuresAndLeavesNothing) {
  const TinyRun tiny;
  Written(tiny, "warmup_steps: 1, reps: 10, settle: 0");
  const std::string temporary = tiny.folder() + "/tmp";
  fs::create_directory(temporary);
  const ProcessResult run = RunIn("cd \"$(dirname \"$3\")\" && TMPDIR=" + temporary + " exec \"$@\"",
                                  {"run", tiny.config_path(), "--dry-run", "--pilot", "--allow-debug"});
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(run.output, AllOf(HasSubstr("smallest difference: "),
                                HasSubstr("varies in a pilot, 5 repetitions of 8 steps")));
  EXPECT_TRUE(fs::is_empty(temporary));
  EXPECT_FALSE(fs::exists(tiny.folder() + "/results"));
  ExpectRefused(RunPlelab({"run", tiny.config_path(), "--pilot"}), "--dry-run");
}

// A process for each variant and repetition takes long enough to be stopped.
TEST(DryRun, AStoppedPilotLeavesNothingAndSaysNothingOfGoingOn) {
  const TinyRun tiny;
  Written(tiny, "isolate: process, warmup_steps: 1, reps: 10");
  const std::string temporary = tiny.folder() + "/tmp", log = tiny.folder() + "/log";
  fs::create_directory(temporary);
  const auto has_parts = [&] {
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(temporary, ignored)) {
      if (entry.path().filename().string().starts_with("time-")) return true;
    }
    return false;
  };
  const int status = testing::SignalWhen(
      {"/bin/sh", "-c", "TMPDIR=" + temporary + " exec \"$@\" 2> " + log, "sh", testing::kPlelab, "run",
       tiny.config_path(), "--dry-run", "--pilot", "--allow-debug"},
      SIGINT, has_parts);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(testing::ReadText(log), AllOf(HasSubstr("interrupted\n"), Not(HasSubstr("go on with"))));
  EXPECT_TRUE(fs::is_empty(temporary));
}

}  // namespace run_again_test
}  // namespace plelab
