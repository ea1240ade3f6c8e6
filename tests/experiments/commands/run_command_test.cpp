// `plelab run` run as a user does: child processes, kill -9 and resume, a full disk, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/support/process.h"
#include "tests/support/plelab.h"
#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace run_command_test {

namespace fs = std::filesystem;
using testing::CountParts;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kSixVariants;
using testing::LastLine;
using testing::RunArguments;
using testing::TinyRun;

const char* const kProgram = PLELAB_BINARY_DIR "/plelab";
const char* const kTwoReps = "warmup_steps: 1, reps: 2, memory_reps: 1";
const char* const kThreeVariants =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n"
    "  - {name: dropped, ple: {strategy: dropped}}\n";

// A peak counts what libraries have allocated before main() too.  NaN where no group of its own can be made.
void ExpectPeaksAboveWhatIsThere(const Record& record) {
  std::map<std::string, double> anonymous;
  for (const auto& row : record.memory) {
    if (row.counter == "anonymous") anonymous[row.variant + row.phase] = row.bytes;
  }
  for (const auto& row : record.memory) {
    if (row.counter != "cgroup_peak") continue;
    EXPECT_FALSE(row.bytes < anonymous.at(row.variant + row.phase)) << row.variant << " " << row.phase;
  }
}

TEST(RunCommand, MeasuresTimeMemoryAndAccuracyAndValidates) {
  const TinyRun tiny;
  const std::string accuracy = "accuracy: {trace: " + tiny.trace() + ", context: 16, max_tokens: 64}\n";
  testing::WriteText(tiny.config_path(), tiny.Yaml(kTwoReps, kSixVariants, accuracy));
  const ProcessResult run = RunProgram(RunArguments(tiny, {"--timeline", tiny.folder() + "/timeline.json"}));
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(run.output, HasSubstr("Δ mean ms"));
  EXPECT_THAT(run.output, HasSubstr("scripts/report.py " + tiny.out()));
  EXPECT_THAT(testing::ReadText(tiny.folder() + "/timeline.json"), HasSubstr("\"step 7\""));

  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const Record record = ReadRecord(tiny.out());
  EXPECT_EQ(record.reps.size(), 14u);
  std::set<std::string> phases, counters;
  for (const auto& row : record.memory) {
    phases.insert(row.phase);
    counters.insert(row.counter);
    EXPECT_TRUE(row.counter != "text_stack" || row.bytes > 0);
    EXPECT_TRUE(row.counter != "peak_rss" || row.bytes > 0);
    EXPECT_TRUE(row.counter != "ple_fast" || row.variant != "pread" || row.bytes == 0);
  }
  ExpectPeaksAboveWhatIsThere(record);
  EXPECT_THAT(phases, ElementsAre("decode", "loaded", "prefill"));
  EXPECT_EQ(counters.size(), 13u);
  EXPECT_EQ(record.memory.size(), 6u * 3 * 13);
}

TEST(RunCommand, WhatToDoNextCanBeCopiedIntoAShell) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(), "experiment: parameter_groups\nshapes: [e2b]\n");
  const ProcessResult run = RunProgram(
      {kProgram, "run", tiny.config_path(), "--out", tiny.folder() + "/it's one.h5", "--allow-debug"});
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  const std::string path = "'" + tiny.folder() + R"(/it'\''s one.h5')";
  EXPECT_THAT(run.output, HasSubstr("next: .venv/bin/python scripts/plot.py " + path +
                                    " · .venv/bin/python scripts/report.py " + path + "\n"));
}

TEST(RunCommand, AProcessPerVariantAndRepetitionGivesTheSameOutputs) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml("isolate: process, warmup_steps: 1, reps: 2, memory_reps: 0", kThreeVariants));
  const ProcessResult run = RunProgram(RunArguments(tiny));
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const Record record = ReadRecord(tiny.out());
  std::set<std::string> outputs;
  for (const auto& rep : record.reps) {
    EXPECT_GT(rep.load_ns, 0);
    if (rep.variant != "dropped") outputs.insert(rep.output_sha256);
  }
  EXPECT_EQ(record.reps.size(), 6u);
  EXPECT_EQ(outputs.size(), 2u) << "an excerpt each";
}

// The output hash of each (variant, repetition).
std::map<std::pair<std::string, int64_t>, std::string> OutputsOf(const Record& record) {
  std::map<std::pair<std::string, int64_t>, std::string> outputs;
  for (const RepRow& rep : record.reps) outputs[{rep.variant, rep.rep}] = rep.output_sha256;
  return outputs;
}

TEST(RunCommand, RepetitionsInSeveralProcessesGiveTheSameOutputsAsInOne) {
  const TinyRun tiny;
  const auto run = [&](const std::string& processes) {
    testing::WriteText(tiny.config_path(), tiny.Yaml("processes: " + processes +
                                                         ", reps: 3, warmup_steps: 1, "
                                                         "memory_reps: 0",
                                                     kSixVariants));
    const ProcessResult result = RunProgram(RunArguments(tiny, {"--force"}));
    EXPECT_EQ(result.exit_code, 0) << LastLine(result);
    EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
    return ReadRecord(tiny.out());
  };
  const Record one = run("1"), two = run("2");
  EXPECT_EQ(OutputsOf(one), OutputsOf(two));
  EXPECT_EQ(one.reps.size(), 21u);
  for (const RepRow& rep : one.reps) EXPECT_EQ(rep.process, 0);
  for (const RepRow& rep : two.reps) {
    EXPECT_EQ(rep.process, rep.rep == 2 ? 1 : 0);
    EXPECT_EQ(rep.excerpt, rep.rep * (11 + 1 + 8));
  }
}

TEST(RunCommand, AfterKill9OfSeveralProcessesResumeFinishesWhatIsMissing) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml("processes: 2, warmup_steps: 1, reps: 6, memory_reps: 0", kThreeVariants));
  testing::KillWhen(RunArguments(tiny), [&] { return CountParts(tiny) >= 5; });
  ASSERT_FALSE(fs::exists(tiny.out())) << "killed too late to show anything";
  const ProcessResult resumed = RunProgram(RunArguments(tiny, {"--resume"}));
  ASSERT_EQ(resumed.exit_code, 0) << LastLine(resumed);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  EXPECT_EQ(ReadRecord(tiny.out()).reps.size(), 24u);
}

// Starts the run, kills it as soon as there are `parts` part files, and returns how many there were.
size_t KillAfter(const TinyRun& tiny, size_t parts) {
  testing::KillWhen(RunArguments(tiny), [&] { return CountParts(tiny) >= parts; });
  return ListParts(PartsFolder(tiny.out())).size();
}

TEST(RunCommand, AfterKill9ResumeFinishesWhatIsMissing) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml("warmup_steps: 1, reps: 6, memory_reps: 1", kThreeVariants));
  // run.h5, then three files for each of six repetitions.
  const size_t before = KillAfter(tiny, 5);
  ASSERT_GE(before, 5u);
  ASSERT_FALSE(fs::exists(tiny.out())) << "killed too late to show anything";
  for (const auto& part : ListParts(PartsFolder(tiny.out()))) EXPECT_NO_THROW(ReadRecord(part)) << part;
  const std::string first = PartsFolder(tiny.out()) + "/time-000-resident-r0000.h5";
  const int64_t started = ReadRecord(first).reps.at(0).started_unix_ns;

  const ProcessResult refused = RunProgram(RunArguments(tiny));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(LastLine(refused), HasSubstr("--resume"));

  const ProcessResult resumed = RunProgram(RunArguments(tiny, {"--resume"}));
  ASSERT_EQ(resumed.exit_code, 0) << LastLine(resumed);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const Record record = ReadRecord(tiny.out());
  EXPECT_EQ(record.reps.size(), 24u);
  EXPECT_EQ(record.steps.size(), 24u * 8);
  EXPECT_EQ(record.memory.size(), 3u * 3 * 13);
  EXPECT_EQ(record.reps.at(0).started_unix_ns, started) << "what was finished is not measured again";
}

TEST(RunCommand, ResumeWithAChangedConfigIsRefusedNamingTheLine) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml("warmup_steps: 1, reps: 6, memory_reps: 0", kThreeVariants));
  ASSERT_GE(KillAfter(tiny, 4), 4u);
  const ProcessResult resumed = RunProgram(RunArguments(tiny, {"--resume", "--set", "design.reps=7"}));
  EXPECT_EQ(resumed.exit_code, 2);
  EXPECT_THAT(LastLine(resumed), HasSubstr("config_yaml differs"));
  EXPECT_THAT(LastLine(resumed), HasSubstr("reps: 7"));
}

TEST(RunCommand, AFullDiskEndsWith1AndLeavesReadableParts) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml("warmup_steps: 1, reps: 2, memory_reps: 0", kThreeVariants));
  ASSERT_GE(KillAfter(tiny, 4), 4u);
  // A file size limit simulates a full disk: nothing can be written past 4 KiB.
  const ProcessResult run =
      RunProgram({"/bin/sh", "-c", "ulimit -f 8; exec \"$0\" run \"$1\" --out \"$2\" --allow-debug --resume",
                  kProgram, tiny.config_path(), tiny.out()});
  EXPECT_EQ(run.exit_code, 1) << LastLine(run);
  EXPECT_THAT(LastLine(run), HasSubstr("--resume"));
  EXPECT_FALSE(fs::exists(tiny.out()));
  const auto parts = ListParts(PartsFolder(tiny.out()));
  EXPECT_GE(parts.size(), 4u);
  for (const auto& part : parts) EXPECT_NO_THROW(ReadRecord(part)) << part;
  EXPECT_EQ(RunProgram(RunArguments(tiny, {"--resume"})).exit_code, 0) << "with room again it goes on";
}

TEST(RunCommand, AVariantThatCannotRunEndsWith1AndTheOthersAreKept) {
  const TinyRun tiny;
  // tmpfs refuses O_DIRECT.
  if (!fs::is_directory("/dev/shm")) GTEST_SKIP() << "no tmpfs at /dev/shm";
  const testing::TemporaryFolder memory("/dev/shm");
  fs::copy(tiny.checkpoint(), memory / "checkpoint");
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml(kTwoReps, std::string(kThreeVariants) +
                                             "  - {name: direct, ple: {strategy: disk, backend: direct}}\n"));
  const ProcessResult run =
      RunProgram(RunArguments(tiny, {"--set", "model.checkpoint=" + (memory / "checkpoint")}));
  const Record record = ReadRecord(tiny.out());
  if (record.variants.at(3).status == "done") GTEST_SKIP() << "this kernel reads a tmpfs with O_DIRECT";
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(LastLine(run), HasSubstr("a variant failed"));
  EXPECT_THAT(record.variants.at(3).error, HasSubstr("O_DIRECT"));
  EXPECT_EQ(record.reps.size(), 6u);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
}

TEST(RunCommand, DryRunListsVariantsMinutesAndGBAndWritesNothing) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(), tiny.Yaml(kTwoReps, kSixVariants));
  const ProcessResult run = RunProgram(RunArguments(tiny, {"--dry-run"}));
  EXPECT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(run.output, HasSubstr("6 variants"));
  for (const char* name : {"resident", "cached", "pread", "mmap", "waiting", "dropped"}) {
    EXPECT_THAT(run.output, HasSubstr(name));
  }
  EXPECT_THAT(run.output, HasSubstr("minutes"));
  EXPECT_THAT(run.output, HasSubstr("GB"));
  EXPECT_THAT(run.output, HasSubstr("estimated from the weights' sizes"));
  EXPECT_FALSE(fs::exists(tiny.out()));
  EXPECT_FALSE(fs::exists(PartsFolder(tiny.out())));
}

TEST(RunCommand, DryRunShowsSmallTablesInSmallUnitsAndCutsLongNames) {
  const TinyRun tiny;
  const std::string name = "resident_rows_of_a_name_longer_than_its_column";
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml(kTwoReps, "  - {name: " + name + ", ple: {strategy: resident}}\n"));
  const ProcessResult run = RunProgram(RunArguments(tiny, {"--dry-run"}));
  EXPECT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(run.output, HasSubstr(" kB "));
  EXPECT_THAT(run.output, HasSubstr("  resident_rows_…an_its_column "));
}

TEST(RunCommand, DryRunRefusesATextThatIsTooShortAsTheRunDoes) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(), tiny.Yaml(kTwoReps, kSixVariants, "", ", warm_tokens: 390"));
  const ProcessResult dry = RunProgram(RunArguments(tiny, {"--dry-run"}));
  EXPECT_EQ(dry.exit_code, 2);
  EXPECT_THAT(LastLine(dry), HasSubstr("400 tokens found, 430 needed"));
  const ProcessResult run = RunProgram(RunArguments(tiny));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(LastLine(dry), LastLine(run));
}

TEST(RunCommand, ParameterGroupsCountsThePublishedShapes) {
  const TinyRun tiny;
  testing::WriteText(tiny.config_path(), "experiment: parameter_groups\nshapes: [e2b]\n");
  const ProcessResult run = RunProgram(RunArguments(tiny));
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const Record record = ReadRecord(tiny.out());
  ASSERT_FALSE(record.curves.empty());
  const auto curve = std::find_if(record.curves.begin(), record.curves.end(),
                                  [](const Curve& c) { return c.name == "parameter_groups"; });
  ASSERT_NE(curve, record.curves.end());
  double total = 0;
  for (const auto& row : curve->rows) {
    EXPECT_EQ(row.series, "e2b");
    total += row.y;
    EXPECT_TRUE(row.label != "ple_table" || row.y == 2013265920) << row.y;
    EXPECT_TRUE(row.label != "unused_kv" || row.y == 20974080) << row.y;
  }
  EXPECT_EQ(total, 5439438272);
}

}  // namespace run_command_test
}  // namespace plelab
