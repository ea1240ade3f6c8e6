// What is wrong with tasks, texts, media, memory and places of outputs stops a command before it measures
// anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/plelab.h"
#include "tests/support/tiny_training.h"

namespace plelab {
namespace before_measuring_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::ExpectRefused;
using ::testing::HasSubstr;
using testing::kTwoVariants;
using testing::LastLine;
using testing::ReadText;
using testing::RunConfig;
using testing::RunPlelab;
using testing::TinyRun;
using testing::TinyTraining;
using testing::WriteText;

const std::string kSmall = PLELAB_SOURCE_DIR "/configs/models/small";

TEST(BeforeAnythingIsMeasured, ABrokenTaskStopsTheRunAndItsDryRun) {
  const TinyRun tiny;
  const std::string task = tiny.folder() + "/task.jsonl";
  WriteText(task, "{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"gold\": 0}\n{\"context\": 3}\n");
  WriteText(tiny.config_path(),
            tiny.Yaml(testing::kInProcess, kTwoVariants,
                      "accuracy: {trace: " + tiny.trace() + ", tasks: [" + task + "]}\n"));
  ExpectRefused(RunConfig(tiny), "task.jsonl:2");
  ExpectRefused(RunConfig(tiny, {"--dry-run"}), "task.jsonl:2");
  EXPECT_FALSE(fs::exists(PartsFolder(tiny.out())));
}

TEST(BeforeAnythingIsMeasured, PlacesThatCannotBeWrittenAreNamed) {
  const TinyRun tiny;
  WriteText(tiny.config_path(), tiny.Yaml(testing::kInProcess, kTwoVariants));
  ExpectRefused(RunPlelab({"run", tiny.config_path(), "--allow-debug", "--out", tiny.trace() + "/x.h5"}),
                "/x.h5: the folder");
  ExpectRefused(RunConfig(tiny, {"--timeline", "/proc/plelab/t.json"}), "/proc/plelab");
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
  ExpectRefused(result, "3000001 tokens x 8448 logits need about 2");
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
  const ProcessResult run = RunConfig(tiny);
  EXPECT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_EQ(MetaValue(ReadRecord(tiny.out()).meta, "text"), tiny.trace());
}

}  // namespace before_measuring_test
}  // namespace plelab
