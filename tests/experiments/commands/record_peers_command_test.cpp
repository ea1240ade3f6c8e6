// `plelab record-peers`: what scripts/peers measured becomes a result like any other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/record/record.h"
#include "harness/record/recorder.h"
#include "harness/support/process.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace record_peers_command_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr int64_t kRounds = 6;

constexpr char kConfig[] = R"(
experiment: ple_strategies
model: {checkpoint: none}
workload: {trace: none}
design: {isolate: process, control: false, reps: 6, memory_reps: 0, margin: 5%}
variants:
  - {name: plelab, ple: {strategy: disk}}
)";

// Two steps a round.  The peer takes 1000 ns with noise that sums to 0, plelab half of it to the nanosecond,
// and the twin of the peer the same noise in another order.
nlohmann::json Times() {
  const int64_t noise[kRounds] = {-50, 10, 40, -20, 30, -10};
  nlohmann::json sides;
  for (int64_t round = 0; round < kRounds; ++round) {
    const int64_t peer = 1000 + noise[round], twin = 1000 + noise[(round + 2) % kRounds];
    const std::string key = std::to_string(round);
    sides["peer"]["step_ns"][key] = {peer - 100, peer + 100};
    sides["peer@control"]["step_ns"][key] = {twin, twin};
    sides["plelab"]["step_ns"][key] = {peer / 2, peer / 2};
  }
  for (auto& [name, side] : sides.items()) {
    side["strategy"] = name == "plelab" ? "disk" : "peer";
    side["prefill_ns"] = {10'000, 10'100, 9'900, 10'050, 9'950, 10'000};
    side["order"] = {0, 1, 0, 1, 0, 1};
    side["started_unix_ns"] = {1, 2, 3, 4, 5, 6};
  }
  return {{"config_yaml", kConfig},
          {"baseline", "peer"},
          {"meta", {{"weights", "random"}, {"peer", "peer 1.2.3"}, {"git_commit", "abc"}}},
          {"sides", sides}};
}

ProcessResult RecordTimes(const TemporaryFolder& folder, const nlohmann::json& times) {
  testing::WriteText(folder / "t.json", times.dump());
  return RunProgram(
      {PLELAB_BINARY_DIR "/plelab", "record-peers", folder / "t.json", "--out", folder / "p.h5"});
}

const ComparisonRow& Find(const Record& record, const std::string& variant, const std::string& statistic) {
  for (const ComparisonRow& row : record.comparisons) {
    if (row.variant == variant && row.statistic == statistic && row.metric == "step_ns") return row;
  }
  throw std::runtime_error("no " + statistic + " of " + variant);
}

TEST(RecordPeersCommand, MakesAResultWithTheRatioAndItsInterval) {
  const TemporaryFolder folder;
  const ProcessResult made = RecordTimes(folder, Times());
  ASSERT_EQ(made.exit_code, 0) << (made.last_lines.empty() ? "" : made.last_lines.back());
  const Record record = ReadRecord(folder / "p.h5");
  const ComparisonRow& ratio = Find(record, "plelab", "ratio");
  EXPECT_NEAR(ratio.value, 0.5, 1e-12);
  EXPECT_NEAR(ratio.high - ratio.low, 0, 1e-9) << "half in every round";
  EXPECT_EQ(ratio.reps, kRounds);
  EXPECT_EQ(ratio.steps, 2 * kRounds);
  EXPECT_NEAR(Find(record, "plelab", "mean_difference").value, -500, 1e-9);
  const ComparisonRow& twin = Find(record, "peer@control", "mean_difference");
  EXPECT_EQ(twin.control, 1);
  EXPECT_NEAR(twin.value, 0, 1e-9) << "the same times in another order";
  EXPECT_LT(twin.low, 0);
  EXPECT_EQ(MetaValue(record.meta, "control"), "passed");
  EXPECT_EQ(MetaValue(record.meta, "peer"), "peer 1.2.3");
  EXPECT_EQ(MetaValue(record.meta, "git_commit"), "abc") << "what the script says counts";
  EXPECT_FALSE(MetaValue(record.meta, "cpu_model").empty());
  EXPECT_EQ(record.variants.front().variant, "peer") << "the baseline comes first";
  EXPECT_EQ(record.reps.front().prefill_ns, 10'000);
  const ProcessResult valid = RunProgram({PLELAB_BINARY_DIR "/plelab", "validate", folder / "p.h5"});
  EXPECT_EQ(valid.exit_code, 0) << valid.output;
}

TEST(RecordPeersCommand, ASlowRoundIsFlaggedAndTheFileIsValid) {
  const TemporaryFolder folder;
  nlohmann::json times = Times();
  times["sides"]["plelab"]["step_ns"]["2"] = {5'000, 5'000};
  ASSERT_EQ(RecordTimes(folder, times).exit_code, 0);
  int64_t flagged = 0;
  for (const RepRow& rep : ReadRecord(folder / "p.h5").reps) {
    const bool is_slow = rep.variant == "plelab" && rep.rep == 2;
    EXPECT_EQ(rep.flag.starts_with("slow"), is_slow) << rep.flag;
    flagged += rep.flag.empty() ? 0 : 1;
  }
  EXPECT_EQ(flagged, 1);
  const ProcessResult valid = RunProgram({PLELAB_BINARY_DIR "/plelab", "validate", folder / "p.h5"});
  EXPECT_EQ(valid.exit_code, 0) << valid.output;
}

TEST(RecordPeersCommand, KeepsWhatTheMachineWasLikeAndTheBytesOfASide) {
  const TemporaryFolder folder;
  nlohmann::json times = Times();
  nlohmann::json& side = times["sides"]["plelab"];
  side["bandwidth_before"] = {20, 21.5, 20, 20, 20, 20};
  side["bandwidth_after"] = {21.5, 20, 20, 20, 20, 20};
  side["steal_ns"] = {0, 1'000'000'000, 0, 0, 0, 0};
  side["cpu_pressure_us"] = {0, 0.5, 0, 0, 0, 0};
  side["wall_ns"] = std::vector<int64_t>(kRounds, 2'000'000'000);
  side["step_bytes"] = {1, 2, 3, 4, 5, 6};
  ASSERT_EQ(RecordTimes(folder, times).exit_code, 0);
  const Record record = ReadRecord(folder / "p.h5");
  for (const RepRow& rep : record.reps) {
    if (rep.variant != "plelab" || rep.rep != 1) continue;
    EXPECT_EQ(rep.bandwidth_before, 21.5);
    EXPECT_EQ(rep.bandwidth_after, 20);
    EXPECT_EQ(rep.cpu_pressure_us, 0.5);
    EXPECT_EQ(rep.wall_ns, 2'000'000'000);
    EXPECT_THAT(rep.flag, HasSubstr("steal"));
  }
  for (const StepRow& step : record.steps) {
    EXPECT_EQ(step.step_bytes, step.variant == "plelab" ? step.rep + 1 : 0);
  }
}

TEST(RecordPeersCommand, PressureThatNobodyCouldReadIsNotMeasured) {
  const TemporaryFolder folder;
  nlohmann::json times = Times();
  for (const char* key : {"bandwidth_before", "bandwidth_after", "steal_ns", "wall_ns"}) {
    times["sides"]["plelab"][key] = std::vector<int64_t>(kRounds, 20);
  }
  ASSERT_EQ(RecordTimes(folder, times).exit_code, 0);
  for (const RepRow& rep : ReadRecord(folder / "p.h5").reps) EXPECT_TRUE(std::isnan(rep.cpu_pressure_us));
}

TEST(RecordPeersCommand, RefusesAMachineThatWasLookedAtInSomeRoundsOnly) {
  const TemporaryFolder folder;
  nlohmann::json times = Times();
  nlohmann::json& side = times["sides"]["plelab"];
  for (const char* key : {"bandwidth_before", "bandwidth_after", "cpu_pressure_us", "wall_ns"}) {
    side[key] = std::vector<int64_t>(kRounds, 20);
  }
  side["steal_ns"] = {0};
  const ProcessResult result = RecordTimes(folder, times);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.last_lines,
              ElementsAre(HasSubstr("'sides.plelab.steal_ns': expected one number for each")));
}

TEST(MachineStateCommand, SaysTheReadBandwidthAndWhatTheMachineLostBeforeAndAfter) {
  const ProcessResult said = RunProgram({PLELAB_BINARY_DIR "/plelab", "machine-state", "--threads", "1"});
  ASSERT_EQ(said.exit_code, 0) << said.output;
  const nlohmann::json state = nlohmann::json::parse(said.output);
  EXPECT_GT(state["read_bandwidth"].get<double>(), 0.1);
  EXPECT_GE(state["after"]["steal_ns"].get<int64_t>(), state["before"]["steal_ns"].get<int64_t>());
}

TEST(RecordPeersCommand, RefusesRoundsThatOneSideLacks) {
  const TemporaryFolder folder;
  nlohmann::json times = Times();
  times["sides"]["plelab"]["prefill_ns"].erase(0);
  const ProcessResult result = RecordTimes(folder, times);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(
      result.last_lines,
      ElementsAre(AllOf(HasSubstr("t.json: 'sides.plelab.prefill_ns': expected one number for each of 6 "
                                  "rounds, found 5"))));
}

TEST(RecordPeersCommand, RefusesToReplaceAResult) {
  const TemporaryFolder folder;
  testing::WriteText(folder / "p.h5", "precious");
  EXPECT_EQ(RecordTimes(folder, Times()).exit_code, 2);
  EXPECT_EQ(testing::ReadText(folder / "p.h5"), "precious");
}

}  // namespace record_peers_command_test
}  // namespace plelab
