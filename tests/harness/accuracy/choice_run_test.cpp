// Runs that score multiple-choice tasks, on the shipped small model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "harness/accuracy/task_check.h"
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

ExperimentConfig Config(const std::string& task, const std::string& variants = "") {
  return ParseExperimentConfig(
      Format("experiment: ple_ablation\nmodel: {{checkpoint: {0}/models/small, dtype: float32, threads: 1}}\n"
             "accuracy: {{text_file: {0}/text/persuasion.txt, context: 64, max_tokens: 32, tasks: [{1}]}}\n"
             "variants:\n  - {{name: resident, ple: {{strategy: resident}}}}\n{2}",
             PLELAB_SOURCE_DIR "/configs", task, variants),
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

const char* const kThreeDocuments = R"({"context": "He paid", "choices": ["seven", "eight"], "gold": 0}
{"context": "There were", "choices": ["no", "unquestionably", "some"], "gold": 1}
{"context": "She was born in", "choices": ["May", "the moon"], "gold": 1}
)";

// Loses its rows behind the only window of the text.
class Losing : public PleWrapper {
 public:
  using PleWrapper::PleWrapper;
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    if (++requests_ > 1) throw RunError("row lost");
    return PleWrapper::Begin(ids);
  }

 private:
  int requests_ = 0;
};

TEST(ChoiceRun, ExactVariantsAnswerAsTheBaselineAndOthersForThemselves) {
  const TinyRun tiny;
  const std::string task = tiny.folder() + "/three.jsonl";
  testing::WriteText(task, kThreeDocuments);
  RunOptions options = tiny.Options();
  options.make_source = [](const VariantConfig& variant, const PleTable& table,
                           std::span<const int64_t> ids) -> std::unique_ptr<PleSource> {
    auto source = DefaultSourceMaker()(variant, table, ids);
    if (variant.name != "losing") return source;
    return std::make_unique<Losing>(std::move(source));
  };
  const Record record = plelab::Run(Config(task,
                                           "  - {name: losing, ple: {strategy: dropped}}\n"
                                           "  - {name: dropped, ple: {strategy: dropped}}\n"
                                           "  - {name: disk, ple: {strategy: disk}}\n"),
                                    options)
                            .record;
  for (const char* metric : {"acc", "acc_stderr", "acc_norm", "answer_nats"}) {
    EXPECT_EQ(RecordedAccuracy(record, "disk", metric), RecordedAccuracy(record, "resident", metric));
    EXPECT_EQ(FindAccuracy(record, "dropped", metric)->task, "three");
    EXPECT_EQ(FindAccuracy(record, "dropped", metric)->n, 3);
  }
  EXPECT_EQ(RecordedAccuracy(record, "disk", "delta_answer_nats"), 0);
  EXPECT_EQ(RecordedAccuracy(record, "resident", "delta_answer_nats"), 0) << "to itself";
  const double resident = RecordedAccuracy(record, "resident", "answer_nats"),
               dropped = RecordedAccuracy(record, "dropped", "answer_nats");
  EXPECT_GT(std::abs(dropped - resident), 1e-3);
  EXPECT_NEAR(RecordedAccuracy(record, "dropped", "delta_answer_nats"), dropped - resident, 1e-9);
  const AccuracyRow& equal = *FindAccuracy(record, "disk", "bit_equal_tokens");
  EXPECT_EQ(equal.n, 32);
  EXPECT_EQ(equal.value, 32);
  EXPECT_EQ(equal.low, 32);
  EXPECT_EQ(equal.high, 32);
  EXPECT_EQ(FindAccuracy(record, "dropped", "bit_equal_tokens"), nullptr);
  EXPECT_EQ(record.variants.at(1).error, "row lost") << "while it answered";
  EXPECT_EQ(FindAccuracy(record, "losing", "nats_per_token"), nullptr) << "nothing of it is kept";
}

TEST(ChoiceRun, ADocumentMayFillTheContextAndNoMore) {
  const TinyRun tiny;
  const std::string task = tiny.folder() + "/three.jsonl";
  testing::WriteText(task, kThreeDocuments);
  RunPlan plan = ResolvePlan(Config(task));
  const Tokenizer tokenizer(plan.checkpoint->tokenizer_path(), plan.model_config);
  int64_t longest = 0;
  for (const ChoiceDocument& document : ReadChoiceTask(task).documents) {
    for (int64_t i = 0; i < std::ssize(document.choices); ++i)
      longest = std::max(longest, std::ssize(EncodeChoice(document, i, tokenizer, plan.model_config).ids));
  }
  plan.config.accuracy.context = longest;
  EXPECT_EQ(ErrorOf([&] { CheckTasks(plan); }), "no error");
  plan.config.accuracy.context = longest - 1;
  EXPECT_THAT(ErrorOf([&] { CheckTasks(plan); }),
              AllOf(HasSubstr(Format(": {} tokens with choice ", longest)),
                    HasSubstr(Format("but 'accuracy.context' has room for {}; raise it", longest - 1))));
  plan.config.accuracy.enabled = false;
  EXPECT_TRUE(ReadTasks(plan.config).empty());
  EXPECT_EQ(ErrorOf([&] { CheckTasks(plan); }), "no error") << "nothing is scored";
}

TEST(ChoiceRun, ABosThatAContextBringsIsNoted) {
  const TinyRun tiny;
  const std::string task = tiny.folder() + "/with_bos.jsonl";
  testing::WriteText(task, R"({"context": "<bos>a", "choices": ["b", "c"], "gold": 0}
{"context": "a", "choices": ["b", "c"], "gold": 0}
)");
  RunPlan plan = ResolvePlan(Config(task));
  const auto said = [&] {
    ::testing::internal::CaptureStderr();
    CheckTasks(plan);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said(),
            "note: 1 of 2 contexts of with_bos begin with <bos>; it is left out, because every document gets "
            "one\n");
  plan.config.accuracy.special_tokens = false;
  EXPECT_EQ(said(), "") << "then it is text";
}

TEST(ChoiceRun, TheSpellingOfASpecialTokenIsTextWhereTheConfigSaysSo) {
  const TinyRun tiny;
  const auto nats = [&](const std::string& context, bool special) {
    const std::string task = tiny.folder() + "/t.jsonl";
    testing::WriteText(task,
                       "{\"context\": \"" + context + "\", \"choices\": [\"b\", \"c\"], \"gold\": 0}\n");
    ExperimentConfig config = Config(task);
    config.accuracy.special_tokens = special;
    RunOptions options = tiny.Options();
    options.force = true;
    return RecordedAccuracy(plelab::Run(config, options).record, "resident", "answer_nats");
  };
  EXPECT_EQ(nats("<bos>a", true), nats("a", true)) << "the bos that every document gets";
  EXPECT_GT(std::abs(nats("<bos>a", false) - nats("a", true)), 1e-3);
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
