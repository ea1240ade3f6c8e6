// Runs that score multiple-choice tasks, on the shipped small model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/record/recorder.h"
#include "harness/run/runner.h"
#include "model/base/error.h"
#include "tests/support/media.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace choice_run_test {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::RecordedAccuracy;
using testing::TinyRun;

ExperimentConfig Config(const std::string& task) {
  return ParseExperimentConfig(
      Format("experiment: ple_ablation\nmodel: {{checkpoint: {0}/models/small, dtype: float32, threads: 1}}\n"
             "accuracy: {{text_file: {0}/text/persuasion.txt, context: 64, max_tokens: 32, tasks: [{1}]}}\n"
             "variants:\n  - {{name: resident, ple: {{strategy: resident}}}}\n",
             PLELAB_SOURCE_DIR "/configs", task),
      "choices.yaml");
}

// A number is written with a space of its own before it, a word with the space in its first piece.  If that
// space is left in the context, the number is likelier.
TEST(ChoiceRun, SpaceAtTheEndOfAContextBelongsToEveryChoiceAlike) {
  const TinyRun tiny;
  const std::string task = tiny.folder() + "/spaces.jsonl";
  testing::WriteText(task, R"({"context": "He paid ", "choices": ["seven", "7"], "gold": 0}
{"context": "There were ", "choices": ["three", "3"], "gold": 0}
{"context": "The answer is ", "choices": ["one", "1"], "gold": 0}
{"context": "She was born in ", "choices": ["May", "1812"], "gold": 0}
)");
  const RunResult result = plelab::Run(Config(task), tiny.Options());
  EXPECT_EQ(RecordedAccuracy(result.record, "resident", "acc"), 1);
  // lm_eval 0.4.13 with transformers: 9.064360, 4.102271, 4.798115 and 8.814371 nats.
  EXPECT_NEAR(RecordedAccuracy(result.record, "resident", "answer_nats"), 6.694779, 6e-4);
  EXPECT_EQ(MetaValue(result.record.meta, "media_tasks"), "[]");
}

TEST(ChoiceRun, ADocumentThatDoesNotFitIsNamedAndNothingIsScored) {
  const TinyRun tiny;
  const std::string task = tiny.folder() + "/long.jsonl";
  std::string context;
  for (int i = 0; i < 30; ++i) context += "It was a long way. ";
  testing::WriteText(task, R"({"context": "a", "choices": ["b", "c"], "gold": 0}
{"context": ")" + context + R"(", "choices": ["b", "c"], "gold": 0}
)");
  EXPECT_THAT(
      ErrorOf([&] { plelab::Run(Config(task), tiny.Options()); }),
      AllOf(HasSubstr("long.jsonl:2: "), HasSubstr("tokens with choice 0"), HasSubstr("has room for 64")));
}

TEST(ChoiceRun, ADamagedTaskIsFoundBeforeAnythingIsMeasured) {
  const TinyRun tiny;
  const std::string task = tiny.folder() + "/task.jsonl";
  testing::WriteText(task, "{\"context\": 7}\n");
  EXPECT_THAT(ErrorOf([&] { plelab::Run(Config(task), tiny.Options()); }), HasSubstr("task.jsonl:1"));
  EXPECT_FALSE(std::filesystem::exists(tiny.out() + ".parts"));
}

}  // namespace choice_run_test
}  // namespace plelab
