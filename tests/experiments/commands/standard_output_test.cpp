// What a full pipe, a signal or a limit of file sizes does to a command, and what a terminal is shown of
// errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "experiments/commands/command_options.h"
#include "tests/support/plelab.h"

namespace plelab {
namespace standard_output_test {

namespace fs = std::filesystem;
using testing::ExpectRefused;
using ::testing::HasSubstr;
using testing::kPlelab;
using testing::kTwoVariants;
using testing::LastLine;
using testing::ReadText;
using testing::RunIn;
using testing::RunPlelab;
using testing::TinyRun;
using testing::WriteText;

const std::string kSmall = PLELAB_SOURCE_DIR "/configs/models/small";

TEST(StandardOutput, ThatCannotBeWrittenIsExit1ForEveryCommandThatPrints) {
  const TinyRun tiny;
  WriteText(tiny.config_path(), tiny.Yaml(testing::kInProcess, kTwoVariants));
  WriteRecord(tiny.folder() + "/empty.h5", {});
  const std::vector<std::vector<std::string>> commands = {
      {"list"},
      {"list", "--json"},
      {"--help"},
      {"run", "--help"},
      {"inspect", tiny.checkpoint()},
      {"inspect", tiny.checkpoint(), "--json"},
      {"run", tiny.config_path(), "--dry-run"},
      {"generate", kSmall, "--prompt", "a", "--max-tokens", "2"}};
  for (const auto& command : commands) {
    const std::string name = command.front();
    for (const std::string script : {"\"$@\" > /dev/full", "\"$@\" >&-"}) {
      const ProcessResult result = RunIn(script, command);
      EXPECT_EQ(result.exit_code, 1) << name << " " << script;
      EXPECT_THAT(LastLine(result), HasSubstr("standard output cannot be written")) << name << " " << script;
    }
    const ProcessResult pipe = RunIn("{ \"$@\"; echo \"code $?\" >&2; } | true", command);
    EXPECT_THAT(pipe.last_lines, ::testing::Contains("code 1")) << name;
  }
}

TEST(StandardOutput, AClosedOneIsNotTakenForAFile) {
  const testing::TemporaryFolder folder;
  const std::vector<std::string> synth = {"synth", "--shape", "small", "--out"};
  std::vector<std::string> open = synth, closed = synth;
  open.push_back(folder / "open");
  closed.push_back(folder / "closed");
  ASSERT_EQ(RunPlelab(open).exit_code, 0);
  EXPECT_EQ(RunIn("\"$@\" >&- 2>&- <&-", closed).exit_code, 1);
  for (const auto& file : fs::directory_iterator(folder / "open")) {
    const std::string name = file.path().filename().string();
    EXPECT_TRUE(ReadText(folder / ("open/" + name)) == ReadText(folder / ("closed/" + name))) << name;
  }
}

TEST(StandardError, ThatCannotBeWrittenLosesItsNotesOnly) {
  const std::vector<std::string> command = {"generate", kSmall,           "--chat",       "off",
                                            "--prompt", "<bos>a <image>", "--max-tokens", "1"};
  for (const std::string script : {"\"$@\" 2> /dev/full", "\"$@\" 2>&-"}) {
    const ProcessResult result = RunIn(script, command);
    EXPECT_EQ(result.exit_code, 0) << script;
    EXPECT_FALSE(result.output.empty()) << script;
  }
}

TEST(Messages, AreOneShortLineWithoutControlCharacters) {
  const ProcessResult names = RunPlelab({"inspect", "no\x1b[31m\nsuch"});
  ExpectRefused(names, "no\\x1b[31m\\nsuch: expected the directory");
  const ProcessResult unknown = RunPlelab({"inspect", "--\x1b]0;title\x07"});
  ExpectRefused(unknown, "\\x1b]0;title\\x07");
  ExpectRefused(RunPlelab({"inspect", std::string(100'000, 'x')}), "characters are left out here");
  EXPECT_LE(LastLine(RunPlelab({"inspect", std::string(100'000, 'x')})).size(), 2100u);
}

TEST(Messages, NamesOfFilesAreShownAndDoNotActOnTheTerminal) {
  const TinyRun tiny;
  WriteText(tiny.folder() + "/ids.json", "[2, 5]");
  const ProcessResult logits =
      RunPlelab({"logits", tiny.checkpoint(), "--tokens", tiny.folder() + "/ids.json", "--out",
                 tiny.folder() + "/x\x1b[31m.h5"});
  EXPECT_THAT(logits.output, HasSubstr("x\\x1b[31m.h5: /logits, float32 [2, "));

  const std::string sound = tiny.folder() + "/s\x1b[31m.ogg";
  fs::copy_file(PLELAB_SOURCE_DIR "/tests/data/media/recorded.ogg", sound);
  ::testing::internal::CaptureStderr();
  PrintMediaNotes({.images = {}, .audio = {sound}});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("s\\x1b[31m.ogg"));
}

TEST(Messages, ANoteOnATaskShowsItsName) {
  const TinyRun tiny;
  WriteText(tiny.folder() + "/t\x1b[31m.jsonl", R"({"context": "<bos>a", "choices": ["b", "c"], "gold": 1})");
  WriteText(tiny.config_path(), tiny.Yaml(testing::kInProcess, kTwoVariants,
                                          "accuracy: {trace: " + tiny.trace() + ", tasks: [\"" +
                                              tiny.folder() + "/t\\x1b[31m.jsonl\"]}\n"));
  const ProcessResult result =
      RunPlelab({"run", tiny.config_path(), "--dry-run", "--set", "model.checkpoint=" + kSmall});
  EXPECT_THAT(result.last_lines,
              ::testing::Contains(HasSubstr("1 of 1 contexts of t\\x1b[31m begin with <bos>")));
}

TEST(Signals, AProgramThatEndedByItselfGetsNone) {
  const int status = testing::SignalWhen({"/bin/sh", "-c", "exit 3"}, SIGKILL, [] { return false; });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST(Signals, LeaveNothingOfACheckpointHalfWritten) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const testing::TemporaryFolder folder;
    const std::string out = folder / "ckpt";
    // Shards of 100 MB: some are complete when the signal comes.
    const int status = testing::SignalWhen(
        {kPlelab, "synth", "--shape", "e2b", "--out", out, "--max-shard", "100MB"}, signal, [&] {
          std::error_code error;
          int files = 0;
          for (auto it = fs::directory_iterator(out, error); !error && it != fs::directory_iterator(); ++it)
            ++files;
          return files >= 2;
        });
    ASSERT_TRUE(WIFEXITED(status)) << signal;
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_TRUE(fs::is_empty(folder.path()));
  }
}

TEST(FileSizeLimit, IsAnErrorOfTheWriteAndLeavesNothing) {
  const TinyRun tiny;
  const testing::TemporaryFolder folder;
  std::string ids = "[3";
  for (int i = 0; i < 399; ++i) ids += ",4";
  WriteText(tiny.folder() + "/ids.json", ids + "]");
  const std::string limited = "ulimit -f 16; exec \"$@\"";
  const ProcessResult logits = RunIn(limited, {"logits", tiny.checkpoint(), "--tokens",
                                               tiny.folder() + "/ids.json", "--out", folder / "x.h5"});
  EXPECT_EQ(logits.exit_code, 1);
  EXPECT_THAT(LastLine(logits), HasSubstr("File too large"));
  const ProcessResult synth = RunIn(limited, {"synth", "--shape", "small", "--out", folder / "ckpt"});
  EXPECT_EQ(synth.exit_code, 1);
  EXPECT_THAT(LastLine(synth), HasSubstr("File too large"));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace standard_output_test
}  // namespace plelab
