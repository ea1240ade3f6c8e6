#include "experiments/replay/command_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "experiments/replay/device_seam.h"
#include "experiments/replay/measure/host.h"
#include "experiments/replay/measure/row_cost.h"
#include "experiments/replay/replay_options.h"
#include "experiments/replay/replay_table.h"
#include "harness/machine/host_facts.h"
#include "model/base/error.h"
#include "model/devices/device_profile.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace {

struct Answer {
  int code;
  std::string error;
};

Answer Asked(std::vector<std::string> words) {
  words.insert(words.begin(), "plelab-replay");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  const int code = RunReplayCommandLine(static_cast<int>(argv.size()), argv.data());
  ::testing::internal::GetCapturedStdout();
  return {code, ::testing::internal::GetCapturedStderr()};
}

TEST(ReplayCommandLine, MistakesEndWith2AndOneLineThatSaysWhatIsExpected) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{}, "expected --quick, --table FILE or --geometry NAME"},
      {{"--quik"}, "did you mean '--quick'?"},
      {{"--quick", "--geometry", "gemma3n_e2b"}, "--quick brings a table of its own"},
      {{"--geometry", "gemma3n_e2b", "--step-ms", "5"}, "--trace"},
      {{"--geometry", "gemma3n_e2b", "--trace", "x"}, "--step-ms 0"},
      {{"--geometry", "gemma3n_e2b", "--trace", "x", "--step-ms", "201"}, "expected 0.5 to 200 ms"},
      {{"--quick", "--reps", "4"}, "--reps 4: expected 5"},
      {{"--quick", "--cold", "often"}, "expected step, repetition or never"},
      {{"--quick", "--baseline", "x"}, "expected auto, resident or none"},
  };
  for (const auto& [words, expected] : mistakes) {
    const Answer answer = Asked(words);
    EXPECT_EQ(answer.code, 2);
    EXPECT_NE(answer.error.find(expected), std::string::npos) << expected << " in: " << answer.error;
    EXPECT_EQ(std::count(answer.error.begin(), answer.error.end(), '\n'), 1) << answer.error;
  }
}

TEST(ReplayCommandLine, HelpIsNoMistake) { EXPECT_EQ(Asked({"--help"}).code, 0); }

TEST(ReplayCommandLine, ReplaysAGeometryAndWritesItsLines) {
  if (!BuildMayMeasure()) GTEST_SKIP() << "not a build that measures";
  const testing::TemporaryFolder folder;
  std::string ids = "[";
  for (int i = 0; i < 200; ++i) ids += std::to_string(i * 37 % 1000) + ", ";
  testing::WriteText(folder / "ids.json", ids + "1]");
  const std::vector<std::string> words = {"--geometry", "gemma3n_e2b",
                                          "--trace",    folder / "ids.json",
                                          "--step-ms",  "0.5",
                                          "--ple",      "disk",
                                          "--size",     "4MiB",
                                          "--work",     folder.path(),
                                          "--steps",    "6",
                                          "--out",      folder / "a.jsonl",
                                          "--threads",  "1"};
  const Answer answer = Asked(words);
  ASSERT_EQ(answer.code, 0) << answer.error;
  const std::string lines = testing::ReadText(folder / "a.jsonl");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1 + 3 + 3 * 5 * 6);
  EXPECT_NE(Asked(words).error.find("the file exists"), std::string::npos);
}

// The slowest device leaves no read of a fifth of a millisecond unnoticed, whatever the page cache holds.
TEST(ReplayCommandLine, AModelledDeviceIsNeverFasterThanItsProfile) {
  const testing::TemporaryFolder folder;
  const ReplayOptions options{
      .geometry = "gemma3n_e2b", .device = "sd", .work = folder.path(), .size = "4MiB"};
  const ReplayTable table =
      TableOfGeometry(options, GeometryNamed("gemma3n_e2b"), 0, [](int64_t, int64_t) {});
  const RowCost cost = MeasureRowCost({.table = table.table,
                                       .state = RowState::kModelled,
                                       .most_samples = 20,
                                       .open = OpenerForDevice(options.device, 1)});
  EXPECT_EQ(cost.state, "modelled");
  EXPECT_GE(cost.p50_ns, 1e3 * DeviceProfileNamed("sd").read_latency.Quantile(0));
  EXPECT_EQ(ColdOf(options), "never");
  EXPECT_EQ(ColdOf({}), "step");
}

TEST(ReplayCommandLine, AnUnknownDeviceIsAMistake) {
  EXPECT_EQ(Asked({"--quick", "--device", "floppy"}).code, 2);
}

TEST(ReplayOptionsSteps, MakeAThousandInAllWhereAMinuteAllowsIt) {
  EXPECT_EQ(StepsOf({.step_ms = 5}), 205);   // 5 × 205 = 1,025
  EXPECT_EQ(StepsOf({.step_ms = 40}), 100);  // 3 × 5 × 100 × 40 ms = 60 s
  EXPECT_EQ(StepsOf({.step_ms = 200}), 32);  // the least
  EXPECT_EQ(StepsOf({.step_ms = 200, .steps = 7}), 7);
}

}  // namespace
}  // namespace plelab
