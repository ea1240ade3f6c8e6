// Two commands with the same output at once, and inputs that change between a run and its resumption.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "tests/support/plelab.h"
#include "tests/support/tiny_training.h"

namespace plelab {
namespace two_runs_test {

namespace fs = std::filesystem;
using testing::CountParts;
using testing::ExpectRefused;
using ::testing::HasSubstr;
using testing::kPlelab;
using testing::kTwoVariants;
using testing::LastLine;
using testing::ReadText;
using testing::RunArguments;
using testing::RunConfig;
using testing::RunPlelab;
using testing::TinyRun;
using testing::TinyTraining;
using testing::WriteText;

// A program that runs in the background until it ends by itself.
class Background {
 public:
  explicit Background(const std::vector<std::string>& command)
      : thread_([this, command] {
          ProcessOptions options;
          options.timeout_s = 120;
          result_ = RunProgram(command, options);
          ended_ = true;
        }) {}
  ~Background() {
    if (thread_.joinable()) thread_.join();
  }

  // Returns false when the program ended, or two minutes passed, and it was not yet time.
  bool WaitUntil(const std::function<bool()>& is_time) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!is_time()) {
      if (ended_ || std::chrono::steady_clock::now() > deadline) return is_time();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }
  const ProcessResult& Join() {
    thread_.join();
    return result_;
  }

 private:
  ProcessResult result_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

TEST(TwoRuns, AWaitForAProgramThatFailsEnds) {
  Background failing({kPlelab, "run", "no such config.yaml"});
  EXPECT_FALSE(failing.WaitUntil([] { return false; }));
  EXPECT_EQ(failing.Join().exit_code, 2);
}

TEST(TwoRuns, TheSecondIsRefusedAndTheFirstIsNotDisturbed) {
  const TinyRun tiny;
  WriteText(tiny.config_path(), tiny.Yaml("warmup_steps: 1, reps: 5, memory_reps: 0", kTwoVariants));
  Background running(RunArguments(tiny));
  ASSERT_TRUE(running.WaitUntil([&] { return CountParts(tiny) >= 3 || fs::exists(tiny.out()); }))
      << LastLine(running.Join());
  for (const char* flag : {"--resume", "--force"}) {
    const ProcessResult second = RunConfig(tiny, {flag});
    ExpectRefused(second, tiny.out() + ": process ");
    EXPECT_THAT(LastLine(second), HasSubstr("is writing it")) << flag;
  }
  const ProcessResult& first = running.Join();
  EXPECT_EQ(first.exit_code, 0) << LastLine(first);
  EXPECT_EQ(ReadRecord(tiny.out()).reps.size(), 15u);
  EXPECT_FALSE(fs::exists(tiny.out() + ".lock"));
}

TEST(TwoRuns, AResultThatCameInTheMeantimeIsNotReplaced) {
  const TinyRun tiny;
  WriteText(tiny.config_path(), tiny.Yaml("warmup_steps: 1, reps: 4, memory_reps: 0", kTwoVariants));
  Background running(RunArguments(tiny));
  ASSERT_TRUE(running.WaitUntil([&] { return CountParts(tiny) >= 3; })) << LastLine(running.Join());
  WriteText(tiny.out(), "somebody else's");
  const ProcessResult& run = running.Join();
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(LastLine(run), HasSubstr("in the meantime"));
  EXPECT_EQ(ReadText(tiny.out()), "somebody else's");
  EXPECT_EQ(ReadRecord(tiny.out() + ".new").reps.size(), 12u);
}

TEST(TwoRuns, TwoTrainingsDoNotMixTheirStates) {
  const TinyTraining tiny;
  WriteText(tiny.config_path(), tiny.Yaml(32000, "run"));
  Background running({kPlelab, "train", tiny.config_path()});
  ASSERT_TRUE(running.WaitUntil([&] { return fs::exists(tiny.output("run") + "/state.safetensors"); }))
      << LastLine(running.Join());
  ExpectRefused(RunPlelab({"train", tiny.config_path(), "--resume"}), "is writing it");
  ExpectRefused(RunPlelab({"train", tiny.config_path(), "--force"}), "is writing it");
  ExpectRefused(
      RunPlelab({"train", tiny.config_path(), "--set", "output.result=" + tiny.output("other") + ".h5"}),
      "state.safetensors: process ");
  const ProcessResult& first = running.Join();
  EXPECT_EQ(first.exit_code, 0) << LastLine(first);
}

// A run that was killed after some parts, whose inputs may be changed before it is resumed.
class ResumedRun : public ::testing::Test {
 protected:
  void Start(const std::string& rest = "") {
    WriteText(tiny_.config_path(),
              tiny_.Yaml("warmup_steps: 1, reps: 6, memory_reps: 0", kTwoVariants, rest));
    testing::KillWhen(RunArguments(tiny_), [&] { return CountParts(tiny_) >= 4; });
    ASSERT_FALSE(fs::exists(tiny_.out())) << "killed too late to show anything";
  }
  ProcessResult Resume() { return RunConfig(tiny_, {"--resume"}); }

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
  ExpectRefused(RunConfig(tiny_, {"--force"}), "trace.json: expected JSON");
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

}  // namespace two_runs_test
}  // namespace plelab
