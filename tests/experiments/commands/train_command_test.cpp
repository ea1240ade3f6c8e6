// `plelab train` run as a user does: the loss falls, the checkpoint can be read, kill -9 and resume work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/support/process.h"
#include "model/checkpoint/checkpoint.h"
#include "tests/support/program.h"
#include "tests/support/tiny_training.h"

namespace plelab {
namespace train_command_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LastLine;
using testing::TinyTraining;

const char* const kProgram = PLELAB_BINARY_DIR "/plelab";

std::vector<std::string> Arguments(const TinyTraining& tiny, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {kProgram, "train", tiny.config_path()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string Weights(const TinyTraining& tiny, const std::string& run) {
  return testing::ReadText(tiny.output(run) + "/checkpoint/model.safetensors");
}

TEST(TrainCommand, LearnsAndLeavesACheckpointAndAValidResult) {
  const TinyTraining tiny;
  testing::WriteText(tiny.config_path(),
                     tiny.Yaml(6400, "run", "evaluation: {every_tokens: 3200}\noptimizer: {lr: 0.02}\n"));
  const ProcessResult run = RunProgram(Arguments(tiny));
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(run.output, HasSubstr("bits per byte"));
  EXPECT_THAT(ResultProblems(tiny.output() + ".h5"), IsEmpty());
  const Record record = ReadRecord(tiny.output() + ".h5");
  ASSERT_EQ(record.training.size(), 1u);
  EXPECT_EQ(record.training[0].name, "tiny_0");
  const auto& rows = record.training[0].rows;
  ASSERT_EQ(rows.size(), 200u);
  EXPECT_EQ(rows.back().tokens, 6400);
  EXPECT_LT(rows.back().loss, 0.6 * rows.front().loss);
  EXPECT_LT(record.accuracy.at(0).value, 0.6 * std::log(40))
      << "nats per token on documents that were held out";
  EXPECT_EQ(MetaValue(record.meta, "weights"), "trained");
  const Checkpoint checkpoint = Checkpoint::Open(tiny.output() + "/checkpoint");
  EXPECT_EQ(checkpoint.weights_label(), "trained");
  EXPECT_FALSE(fs::exists(tiny.output() + "/state.safetensors"));
}

TEST(TrainCommand, KilledAndResumedEndsWithTheSameWeights) {
  const TinyTraining tiny;
  const std::string state = tiny.output("killed") + "/state.safetensors";
  testing::WriteText(tiny.config_path(), tiny.Yaml(6400, "killed"));
  testing::KillWhen(Arguments(tiny), [&] { return fs::exists(state); });
  ASSERT_TRUE(fs::exists(state));
  ASSERT_FALSE(fs::exists(tiny.output("killed") + ".h5")) << "killed too late to show anything";

  const ProcessResult refused = RunProgram(Arguments(tiny));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(LastLine(refused), HasSubstr("--resume"));
  const ProcessResult other = RunProgram(Arguments(tiny, {"--resume", "--set", "optimizer.lr=0.5"}));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(LastLine(other), HasSubstr("lr: 0.5"));
  const ProcessResult resumed = RunProgram(Arguments(tiny, {"--resume"}));
  ASSERT_EQ(resumed.exit_code, 0) << LastLine(resumed);

  testing::WriteText(tiny.config_path(), tiny.Yaml(6400, "whole"));
  ASSERT_EQ(RunProgram(Arguments(tiny)).exit_code, 0);
  EXPECT_TRUE(Weights(tiny, "killed") == Weights(tiny, "whole"));
  const auto losses = [&](const std::string& name) {
    const Record record = ReadRecord(tiny.output(name) + ".h5");
    std::vector<float> values;  // what a state records of the loss
    for (const auto& row : record.training.at(0).rows) values.push_back(static_cast<float>(row.loss));
    return values;
  };
  EXPECT_EQ(losses("killed"), losses("whole"));
}

TEST(TrainCommand, MistakesEndWith2AndOneLine) {
  const TinyTraining tiny;
  testing::WriteText(tiny.config_path(), tiny.Yaml(6400));
  const ProcessResult folder = RunProgram(Arguments(tiny, {"--set", "tokens.folder=nowhere"}));
  EXPECT_EQ(folder.exit_code, 2);
  EXPECT_THAT(LastLine(folder), HasSubstr("nowhere/meta.json"));
  const ProcessResult shape = RunProgram(Arguments(tiny, {"--set", "arm.change=[num_layers=3]"}));
  EXPECT_EQ(shape.exit_code, 2);
  EXPECT_THAT(LastLine(shape), HasSubstr("num_layers=3"));
}

}  // namespace train_command_test
}  // namespace plelab
