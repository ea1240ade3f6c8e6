// Parts that a run left: who may go on with them, what the user is told, and what a whole run leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/record/recorder.h"
#include "harness/run/runner.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace going_on_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::kInProcess;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TinyRun;

const char* const kResidentAndDisk =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";

std::string ErrorOf(const ExperimentConfig& config, const RunOptions& options) {
  try {
    plelab::Run(config, options);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

// Sends Ctrl-C when the second prompt of a run starts.
class Stopping : public PleWrapper {
 public:
  Stopping(std::unique_ptr<PleSource> over, int& prompts) : PleWrapper(std::move(over)), prompts_(prompts) {}
  void StartSequence() override {
    if (++prompts_ == 2) std::raise(SIGINT);
    PleWrapper::StartSequence();
  }

 private:
  int& prompts_;
};

class GoingOn : public ::testing::Test {
 protected:
  // What a run says that is stopped, whose parts stay.
  std::string Stop(RunOptions options) {
    options.make_source = [this](const VariantConfig& variant, const PleTable& table,
                                 std::span<const int64_t> warm_ids) {
      return std::make_unique<Stopping>(DefaultSourceMaker()(variant, table, warm_ids), prompts_);
    };
    return ErrorOf(config_, options);
  }
  std::string parts() const { return tiny_.out() + ".parts"; }

  const TinyRun tiny_;
  const ExperimentConfig config_ = tiny_.Config(kInProcess, kResidentAndDisk);
  int prompts_ = 0;
};

TEST_F(GoingOn, AStoppedRunNamesTheCommandWithAllThatItNeeds) {
  RunOptions options = tiny_.Options();
  options.timeline = tiny_.folder() + "/t.json";
  const std::string go_on = "finished parts are kept in " + parts() + "; go on with: build/plelab run " +
                            tiny_.config_path() + " --out " + tiny_.out() + " --resume";
  EXPECT_THAT(Stop(options), EndsWith("; " + go_on + " --timeline " + options.timeline));
  EXPECT_TRUE(fs::exists(parts() + "/run.h5"));
  EXPECT_EQ(testing::ReadText(parts() + "/config.yaml"), config_.resolved_yaml) << "for children";
  fs::remove_all(parts());
  prompts_ = 0;
  options = tiny_.Options();
  options.command = "build/plelab run x.yaml --set a=1";
  EXPECT_THAT(Stop(options),
              EndsWith("go on with: build/plelab run x.yaml --set a=1 --out " + tiny_.out() + " --resume"));
  fs::remove_all(parts());
  prompts_ = 0;
  options.temporary = true;
  EXPECT_THAT(Stop(options), Not(HasSubstr("go on with"))) << "nothing of it is kept";
}

TEST_F(GoingOn, PartsAreNotThrownAwayUnlessForced) {
  RunOptions options = tiny_.Options();
  options.command = "build/plelab run as_it_was.yaml";
  Stop(options);
  options = tiny_.Options();
  EXPECT_THAT(ErrorOf(config_, options),
              AllOf(StartsWith(parts() +
                               ": parts of a run that was stopped; go on with: build/plelab run "
                               "as_it_was.yaml --out " +
                               tiny_.out() + " --resume; or name another result"),
                    EndsWith("throw them away with --force")));
  EXPECT_TRUE(fs::exists(parts() + "/run.h5"));
  options.resume = true;
  EXPECT_EQ(ErrorOf(config_, options), "no error");
  EXPECT_FALSE(fs::exists(parts())) << "merged";

  options = tiny_.Options();
  options.out = tiny_.folder() + "/other.h5";
  fs::create_directories(options.out + ".parts");
  EXPECT_THAT(ErrorOf(config_, options),
              HasSubstr("go on with: build/plelab run " + tiny_.config_path() + " --out " + options.out))
      << "parts that do not say how they were started";
  testing::WriteText(options.out + ".parts/time-000-resident-r0000.h5", "no record");
  options.force = true;
  EXPECT_EQ(ErrorOf(config_, options), "no error");
}

TEST_F(GoingOn, WhereNothingWasLeftThereIsNothingToResume) {
  RunOptions options = tiny_.Options();
  options.resume = true;
  EXPECT_EQ(ErrorOf(config_, options), parts() + ": nothing to resume; run without --resume");
}

TEST_F(GoingOn, WithAnotherConfigIsRefused) {
  RunOptions options = tiny_.Options();
  options.command = "build/plelab run x.yaml";
  Stop(options);
  options.resume = true;
  const ExperimentConfig other = tiny_.Config("warmup_steps: 2, reps: 3, memory_reps: 0", kResidentAndDisk);
  EXPECT_THAT(ErrorOf(other, options),
              AllOf(StartsWith(parts() + ": --resume needs the run that it goes on with, but its config_yaml "
                                         "differs: '  reps: 2' was, '  reps: 3' is"),
                    HasSubstr("go on as it was started: build/plelab run x.yaml --out " + tiny_.out() +
                              " --resume, or measure anew")));
}

// Two variants and a twin in two repetitions of two warm-up, eight measured and three observed steps of five
// layers.
TEST_F(GoingOn, ATimelineHasEachPhaseEachPromptEachMeasuredStepAndTheObservedOnesByPart) {
  const std::string accuracy = "accuracy: {trace: " + tiny_.trace() + ", context: 32, max_tokens: 40}\n";
  RunOptions options = tiny_.Options();
  options.timeline = tiny_.folder() + "/t.json";
  const RunResult result = plelab::Run(tiny_.Config(kInProcess, kResidentAndDisk, accuracy), options);
  EXPECT_EQ(result.path, tiny_.out());
  const auto trace = nlohmann::json::parse(testing::ReadText(options.timeline));
  std::map<int64_t, std::string> tracks;
  std::map<std::pair<std::string, std::string>, int> events;
  for (const auto& event : trace["traceEvents"]) {
    const auto track = event["tid"].get<int64_t>();
    if (event["ph"] == "M") {
      tracks[track] = event["args"]["name"].get<std::string>();
    } else {
      ++events[{tracks.at(track), event["name"].get<std::string>()}];
    }
  }
  std::map<std::pair<std::string, std::string>, int> expected;
  for (const char* phase : {"time", "memory", "accuracy"}) expected[{"run", phase}] = 1;
  for (const char* variant : {"resident", "disk", "resident@control"}) {
    expected[{variant, "prefill"}] = 2;
    for (int step = 0; step < 8; ++step) expected[{variant, Format("step {}", step)}] = 2;
    for (const char* name : {"observed step", "input", "logits"}) expected[{variant, name}] = 6;
    for (int layer = 0; layer < 5; ++layer) expected[{variant, Format("layer {}", layer)}] = 6;
    for (const char* part : {"attention", "laurel", "ffn", "ple"}) expected[{variant, part}] = 6 * 5;
    expected[{variant, "altup"}] = 6 * (2 * 5 + 1);
    expected[{variant, "rows"}] = 6 * (1 + 5 + 1);  // asked for, used by each layer, given back
  }
  expected[{"disk reads", "read"}] = 6;
  EXPECT_EQ(events, expected);
}

TEST_F(GoingOn, AVariantWithoutASourceStaysInTheRecordAndTheOthersGoOn) {
  RunOptions options = tiny_.Options();
  options.make_source = [](const VariantConfig& variant, const PleTable& table,
                           std::span<const int64_t> warm_ids) {
    if (variant.name == "disk") throw RunError("no source today");
    return DefaultSourceMaker()(variant, table, warm_ids);
  };
  const RunResult result = plelab::Run(config_, options);
  EXPECT_TRUE(result.any_failed);
  EXPECT_EQ(result.record.variants.at(1).error, "no source today");
  EXPECT_EQ(result.record.variants.at(0).status, "done");
  EXPECT_EQ(result.record.reps.size(), 4u) << "of resident and its twin";
}

}  // namespace going_on_test
}  // namespace plelab
