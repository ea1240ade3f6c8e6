// What people's machines and files do to a command: special files, full pipes, signals, two runs at once,
// inputs that change between a run and its resumption.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "harness/record/recorder.h"
#include "harness/support/process.h"
#include "tests/support/program.h"
#include "tests/support/tiny_run.h"
#include "tests/support/tiny_training.h"

namespace plelab {
namespace accidents_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::LastLine;
using ::testing::Not;
using testing::ReadText;
using testing::TinyRun;
using testing::TinyTraining;
using testing::WriteText;

const std::string kPlelab = PLELAB_BINARY_DIR "/plelab";
const std::string kSmall = PLELAB_SOURCE_DIR "/configs/models/small";
const char* const kTwoVariants =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";

ProcessOptions Limited() {
  ProcessOptions options;
  options.timeout_s = 60;  // a command that waits for a FIFO would never end
  return options;
}

ProcessResult RunPlelab(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kPlelab);
  return RunProgram(arguments, Limited());
}

// `script` is for sh; "$@" in it is the program with its arguments.
ProcessResult RunIn(const std::string& script, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"/bin/sh", "-c", script, "sh", kPlelab});
  return RunProgram(arguments, Limited());
}

void ExpectRefused(const ProcessResult& result, const std::string& what) {
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.exit_code, 2) << LastLine(result);
  EXPECT_EQ(result.last_lines.size(), 1u);
  EXPECT_THAT(LastLine(result), HasSubstr(what));
}

// A copy of the small checkpoint in which a FIFO has the name of `file`.
std::string WithFifo(const testing::TemporaryFolder& folder, const std::string& file) {
  const std::string copy = folder / ("with_" + file);
  fs::copy(kSmall, copy);
  fs::remove(copy + "/" + file);
  EXPECT_EQ(::mkfifo((copy + "/" + file).c_str(), 0600), 0);
  return copy;
}

TEST(SpecialInput, AFifoInACheckpointIsNamed) {
  const testing::TemporaryFolder folder;
  for (const std::string file : {"config.json", "model.safetensors", "tokenizer.model",
                                 "tokenizer_config.json", "generation_config.json"}) {
    const std::string copy = WithFifo(folder, file);
    ExpectRefused(RunPlelab({"generate", copy, "--prompt", "a", "--max-tokens", "1"}),
                  file + ": expected a regular file, found a FIFO");
  }
}

TEST(SpecialInput, AFifoIsNamedWhateverItIsGivenFor) {
  const TinyRun tiny;
  const std::string fifo = tiny.folder() + "/fifo", what = fifo + ": expected a regular file, found a FIFO";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  ExpectRefused(RunPlelab({"run", fifo}), what);
  ExpectRefused(RunPlelab({"train", fifo}), what);
  ExpectRefused(RunPlelab({"validate", fifo}), what);
  ExpectRefused(RunPlelab({"synth", "--shape", fifo, "--out", tiny.folder() + "/s"}), what);
  ExpectRefused(RunPlelab({"logits", tiny.checkpoint(), "--tokens", fifo, "--out", tiny.out()}), what);
  for (const std::string key : {"workload.trace", "accuracy.trace"}) {
    WriteText(tiny.config_path(),
              tiny.Yaml(testing::kInProcess, kTwoVariants, "accuracy: {trace: " + tiny.trace() + "}\n"));
    ExpectRefused(RunPlelab({"run", tiny.config_path(), "--allow-debug", "--set", key + "=" + fifo}), what);
  }
  WriteText(tiny.config_path(),
            tiny.Yaml(testing::kInProcess, kTwoVariants,
                      "accuracy: {trace: " + tiny.trace() + ", tasks: [" + fifo + "]}\n"));
  ExpectRefused(RunPlelab({"run", tiny.config_path(), "--allow-debug"}), what);
  const TinyTraining training;
  WriteText(training.config_path(), training.Yaml(64));
  fs::remove(training.tokens() + "/train.bin");
  ASSERT_EQ(::mkfifo((training.tokens() + "/train.bin").c_str(), 0600), 0);
  ExpectRefused(RunPlelab({"train", training.config_path()}),
                "train.bin: expected a regular file, found a FIFO");
}

TEST(SpecialOutput, ForceNeverReplacesIt) {
  const TinyRun tiny;
  const std::string fifo = tiny.folder() + "/fifo", ids = tiny.folder() + "/ids.json";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  WriteText(ids, "[3, 4, 5]");
  WriteText(tiny.config_path(), tiny.Yaml(testing::kInProcess, kTwoVariants));
  for (const std::string& out : {fifo, tiny.folder(), std::string("/dev/full")}) {
    const std::vector<std::string> logits = {"logits", tiny.checkpoint(), "--tokens", ids, "--force"};
    std::vector<std::string> with_out = logits;
    with_out.insert(with_out.end(), {"--out", out});
    ExpectRefused(RunPlelab(with_out), out + ": is a");
    ExpectRefused(RunPlelab({"run", tiny.config_path(), "--allow-debug", "--force", "--out", out}),
                  out + ": is a");
    ExpectRefused(
        RunPlelab({"run", tiny.config_path(), "--allow-debug", "--out", tiny.out(), "--timeline", out}),
        out + ": is a");
  }
  struct stat status = {};
  ASSERT_EQ(::stat(fifo.c_str(), &status), 0);
  EXPECT_TRUE(S_ISFIFO(status.st_mode));
  ASSERT_EQ(::stat("/dev/full", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
}

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

TEST(Messages, AreOneShortLineWithoutControlCharacters) {
  const ProcessResult names = RunPlelab({"inspect", "no\x1b[31m\nsuch"});
  ExpectRefused(names, "no\\x1b[31m\\nsuch: expected the directory");
  const ProcessResult unknown = RunPlelab({"inspect", "--\x1b]0;title\x07"});
  ExpectRefused(unknown, "\\x1b]0;title\\x07");
  ExpectRefused(RunPlelab({"inspect", std::string(100'000, 'x')}), "characters are left out here");
  EXPECT_LE(LastLine(RunPlelab({"inspect", std::string(100'000, 'x')})).size(), 2100u);
}

// Starts a program, sends it a signal once is_time says so, and returns its wait status.
int SignalWhen(std::vector<std::string> arguments, int signal, const std::function<bool()>& is_time) {
  arguments.insert(arguments.begin(), kPlelab);
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  for (int i = 0; i < 30'000 && !is_time() && ::waitpid(pid, nullptr, WNOHANG) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ::kill(pid, signal);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

TEST(Signals, LeaveNothingOfACheckpointHalfWritten) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const testing::TemporaryFolder folder;
    const std::string out = folder / "ckpt";
    // Shards of 100 MB: some are complete when the signal comes.
    const int status =
        SignalWhen({"synth", "--shape", "e2b", "--out", out, "--max-shard", "100MB"}, signal, [&] {
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

size_t CountParts(const TinyRun& tiny) {
  std::error_code error;
  size_t parts = 0;
  for (auto it = fs::directory_iterator(PartsFolder(tiny.out()), error);
       !error && it != fs::directory_iterator(); it.increment(error))
    parts += it->path().extension() == ".h5";
  return parts;
}

std::vector<std::string> RunArguments(const TinyRun& tiny, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"run", tiny.config_path(), "--out", tiny.out(), "--allow-debug"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> WithProgram(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kPlelab);
  return arguments;
}

TEST(TwoRuns, TheSecondIsRefusedAndTheFirstIsNotDisturbed) {
  const TinyRun tiny;
  WriteText(tiny.config_path(), tiny.Yaml("warmup_steps: 1, reps: 5, memory_reps: 0", kTwoVariants));
  ProcessResult first;
  std::thread running([&] { first = RunProgram(WithProgram(RunArguments(tiny))); });
  while (CountParts(tiny) < 3 && !fs::exists(tiny.out()))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  for (const char* flag : {"--resume", "--force"}) {
    const ProcessResult second = RunPlelab(RunArguments(tiny, {flag}));
    ExpectRefused(second, tiny.out() + ": process ");
    EXPECT_THAT(LastLine(second), HasSubstr("is writing it")) << flag;
  }
  running.join();
  EXPECT_EQ(first.exit_code, 0) << LastLine(first);
  EXPECT_EQ(ReadRecord(tiny.out()).reps.size(), 10u);
  EXPECT_FALSE(fs::exists(tiny.out() + ".lock"));
}

TEST(TwoRuns, AResultThatCameInTheMeantimeIsNotReplaced) {
  const TinyRun tiny;
  WriteText(tiny.config_path(), tiny.Yaml("warmup_steps: 1, reps: 4, memory_reps: 0", kTwoVariants));
  ProcessResult run;
  std::thread running([&] { run = RunProgram(WithProgram(RunArguments(tiny))); });
  while (CountParts(tiny) < 3) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  WriteText(tiny.out(), "somebody else's");
  running.join();
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(LastLine(run), HasSubstr("in the meantime"));
  EXPECT_EQ(ReadText(tiny.out()), "somebody else's");
  EXPECT_EQ(ReadRecord(tiny.out() + ".new").reps.size(), 8u);
}

TEST(TwoRuns, TwoTrainingsDoNotMixTheirStates) {
  const TinyTraining tiny;
  WriteText(tiny.config_path(), tiny.Yaml(32000, "run"));
  ProcessResult first;
  std::thread running([&] { first = RunProgram({kPlelab, "train", tiny.config_path()}); });
  while (!fs::exists(tiny.output("run") + "/state.safetensors"))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ExpectRefused(RunPlelab({"train", tiny.config_path(), "--resume"}), "is writing it");
  ExpectRefused(RunPlelab({"train", tiny.config_path(), "--force"}), "is writing it");
  ExpectRefused(
      RunPlelab({"train", tiny.config_path(), "--set", "output.result=" + tiny.output("other") + ".h5"}),
      "state.safetensors: process ");
  running.join();
  EXPECT_EQ(first.exit_code, 0) << LastLine(first);
}

// A run that was killed after some parts, whose inputs may be changed before it is resumed.
class ResumedRun : public ::testing::Test {
 protected:
  void Start(const std::string& rest = "") {
    WriteText(tiny_.config_path(),
              tiny_.Yaml("warmup_steps: 1, reps: 6, memory_reps: 0", kTwoVariants, rest));
    testing::KillWhen(WithProgram(RunArguments(tiny_)), [&] { return CountParts(tiny_) >= 4; });
    ASSERT_FALSE(fs::exists(tiny_.out())) << "killed too late to show anything";
  }
  ProcessResult Resume() { return RunPlelab(RunArguments(tiny_, {"--resume"})); }

  const TinyRun tiny_;
};

TEST_F(ResumedRun, AChangedByteOfTheWeightsIsNamedEvenWithTheOldTime) {
  Start();
  const auto time = fs::last_write_time(tiny_.shard());
  const std::string before = ReadText(tiny_.shard());
  std::string after = before;
  after[after.size() - 1000] ^= 1;
  WriteText(tiny_.shard(), after);
  fs::last_write_time(tiny_.shard(), time);
  const ProcessResult changed = Resume();
  ExpectRefused(changed, "inputs differs: '" + tiny_.shard());
  WriteText(tiny_.shard(), before);
  EXPECT_EQ(Resume().exit_code, 0) << "the same bytes at another time are the same weights";
}

TEST_F(ResumedRun, ChangedTextsAreNamed) {
  const std::string scored = tiny_.folder() + "/scored.json";
  WriteText(scored, ReadText(tiny_.trace()));
  Start("accuracy: {trace: " + scored + ", context: 16, max_tokens: 64}\n");
  WriteText(scored, testing::ReadText(scored) + "\n");
  ExpectRefused(Resume(), "scored.json");
}

TEST_F(ResumedRun, ForceKeepsThePartsWhereTheNewRunIsRefused) {
  Start();
  const size_t parts = CountParts(tiny_);
  WriteText(tiny_.trace(), "no JSON");
  ExpectRefused(RunPlelab(RunArguments(tiny_, {"--force"})), "trace.json: not JSON");
  EXPECT_EQ(CountParts(tiny_), parts);
}

TEST(ResumedTraining, ChangedDataIsNamed) {
  const TinyTraining tiny;
  const std::string state = tiny.output("killed") + "/state.safetensors",
                    valid = tiny.tokens() + "/valid.bin";
  WriteText(tiny.config_path(), tiny.Yaml(6400, "killed"));
  testing::KillWhen({kPlelab, "train", tiny.config_path()}, [&] { return fs::exists(state); });
  const std::string before = ReadText(valid);
  std::string after = before;
  after[2] = static_cast<char>(after[2] == 5 ? 6 : 5);
  WriteText(valid, after);
  ExpectRefused(RunPlelab({"train", tiny.config_path(), "--resume"}), "valid.bin");
  WriteText(valid, before);
  EXPECT_EQ(RunPlelab({"train", tiny.config_path(), "--resume"}).exit_code, 0);
}

TEST(BeforeAnythingIsMeasured, ABrokenTaskStopsTheRunAndItsDryRun) {
  const TinyRun tiny;
  const std::string task = tiny.folder() + "/task.jsonl";
  WriteText(task, "{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"gold\": 0}\n{\"context\": 3}\n");
  WriteText(tiny.config_path(),
            tiny.Yaml(testing::kInProcess, kTwoVariants,
                      "accuracy: {trace: " + tiny.trace() + ", tasks: [" + task + "]}\n"));
  ExpectRefused(RunPlelab(RunArguments(tiny)), "task.jsonl:2");
  ExpectRefused(RunPlelab(RunArguments(tiny, {"--dry-run"})), "task.jsonl:2");
  EXPECT_FALSE(fs::exists(PartsFolder(tiny.out())));
}

TEST(BeforeAnythingIsMeasured, PlacesThatCannotBeWrittenAreNamed) {
  const TinyRun tiny;
  WriteText(tiny.config_path(), tiny.Yaml(testing::kInProcess, kTwoVariants));
  ExpectRefused(RunPlelab({"run", tiny.config_path(), "--allow-debug", "--out", tiny.trace() + "/x.h5"}),
                "/x.h5: the folder");
  ExpectRefused(RunPlelab(RunArguments(tiny, {"--timeline", "/proc/plelab/t.json"})), "/proc/plelab");
  EXPECT_FALSE(fs::exists(tiny.out()));
  EXPECT_FALSE(fs::exists(PartsFolder(tiny.out())));
  const TinyTraining training;
  WriteText(training.config_path(), training.Yaml(64));
  ExpectRefused(RunPlelab({"train", training.config_path(), "--set", "output.checkpoint=/proc/plelab"}),
                "/proc/plelab");
}

TEST(BeforeAnythingIsMeasured, LogitsThatDoNotFitInMemoryAreRefusedWithNumbers) {
  const TinyRun tiny;
  std::string ids = "[3";
  for (int i = 0; i < 3'000'000; ++i) ids += ",4";
  WriteText(tiny.folder() + "/ids.json", ids + "]");
  const ProcessResult result =
      RunPlelab({"logits", kSmall, "--tokens", tiny.folder() + "/ids.json", "--out", tiny.out()});
  ExpectRefused(result, "3000001 tokens x 8448 logits need about 20");
  EXPECT_THAT(LastLine(result), AllOf(HasSubstr("are available"), HasSubstr("give fewer tokens")));
}

TEST(BeforeAnythingIsMeasured, EveryVariantMayBringItsOwnText) {
  const TinyRun tiny;
  std::string yaml = tiny.Yaml(testing::kInProcess, "");
  yaml = testing::ReadText(tiny.config_path()) + yaml.replace(yaml.find("trace: " + tiny.trace() + ", "),
                                                              ("trace: " + tiny.trace() + ", ").size(), "");
  const std::string own = ", workload: {trace: " + tiny.trace() + "}}\n";
  WriteText(tiny.config_path(), yaml + "  - {name: resident, ple: {strategy: resident}" + own +
                                    "  - {name: disk, ple: {strategy: disk}" + own);
  const ProcessResult run = RunPlelab(RunArguments(tiny));
  EXPECT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_EQ(MetaValue(ReadRecord(tiny.out()).meta, "text"), tiny.trace());
}

}  // namespace accidents_test
}  // namespace plelab
