#include "harness/accuracy/choice_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "model/base/error.h"
#include "model/checkpoint/config.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace choice_task_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;

const std::string kShipped = PLELAB_SOURCE_DIR "/configs/";

std::string ErrorOf(const std::string& lines) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "task.jsonl", lines);
  try {
    ReadChoiceTask(folder / "task.jsonl");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

class ChoiceTaskTest : public ::testing::Test {
 protected:
  const Tokenizer tokenizer_{kShipped + "models/small/tokenizer.model",
                             ParseConfig(ShapeConfigJson(kShipped + "models/small.json"), "small")};
  const Gemma3nConfig config_ =
      ParseConfig(ShapeConfigJson(kShipped + "models/small_multimodal.json"), "small");
  std::string Text(std::span<const int64_t> ids) const { return tokenizer_.Decode(ids); }
  ChoiceScores Score(const ChoiceTask& task, const ContinuationNats& nats) const {
    ChoiceScores scores;
    for (const ChoiceDocument& document : task.documents) {
      ScoreDocument(document, tokenizer_, config_, nats, scores);
    }
    return scores;
  }
};

TEST(ReadChoiceTask, TakesBothSpellingsAndSkipsEmptyLines) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "mine.jsonl", R"({"context": "a", "choices": ["b", "c"], "gold": 1, "id": 7}

{"query": "", "choices": ["x", "y", "z"], "label": 2}
)");
  const ChoiceTask task = ReadChoiceTask(folder / "mine.jsonl");
  EXPECT_EQ(task.name, "mine");
  ASSERT_EQ(task.documents.size(), 2u);
  EXPECT_EQ(task.documents[0].gold, 1);
  EXPECT_THAT(task.documents[1].choices, ElementsAre("x", "y", "z"));
}

TEST(ReadChoiceTask, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("holds no document"));
  EXPECT_THAT(ErrorOf("{\n"), HasSubstr("task.jsonl:1"));
  EXPECT_THAT(ErrorOf("\n"
                      R"({"context": "a", "choices": ["b"], "gold": 0})"),
              HasSubstr("task.jsonl:2: 'choices'"));
  EXPECT_THAT(ErrorOf(R"({"context": "a", "choices": ["b", "c"], "gold": 2})"), HasSubstr("'gold'"));
  EXPECT_THAT(ErrorOf(R"({"context": "a", "choices": ["b", ""], "gold": 0})"), HasSubstr("an empty choice"));
  EXPECT_THAT(ErrorOf(R"({"choices": ["b", "c"], "gold": 0})"), HasSubstr("'context'"));
  EXPECT_THROW(ReadChoiceTask("/nowhere.jsonl"), UserError);
  EXPECT_THROW(ReadChoiceTask("/"), UserError);
  const std::string good = R"({"context": "a", "choices": ["b", "c"], "gold": 1})";
  EXPECT_EQ(ErrorOf(good + "\n \t\r\n" + good + "\r\n"), "no error") << "a line of white space is none";
  EXPECT_THAT(ErrorOf(R"({"context": "a", "choices": ["b", "c"], "gold": -1})"), HasSubstr("'gold'"));
  EXPECT_THAT(ErrorOf(good + R"(
{"context": "a", "choices": ["", "c"], "gold": 1})"),
              HasSubstr("task.jsonl:2: 'choices': expected text, found an empty choice"));
  EXPECT_THAT(ErrorOf(R"({"context": "a", "choices": ["b"], "gold": 0})"),
              HasSubstr("'choices': expected two and more, found 1"));
}

TEST_F(ChoiceTaskTest, ContextAndChoiceAreJoinedByOneSpaceAndSplitWhereTheContextEnds) {
  std::vector<std::string> contexts, continuations;
  const auto record = [&](std::span<const int64_t> context, std::span<const int64_t> continuation) {
    contexts.push_back(Text(context));
    continuations.push_back(Text(continuation));
    EXPECT_FALSE(continuation.empty());
    return 1.0;
  };
  const ChoiceTask task{
      "t", {{"She was", {"glad", " sorry"}, 0}, {"She was ", {"glad", "in"}, 0}, {"", {"Yes", "No"}, 0}}};
  Score(task, record);
  ASSERT_EQ(contexts.size(), 6u);
  for (size_t i = 0; i < contexts.size(); ++i) {
    const auto& document = task.documents[i / 2];
    const std::string& choice = document.choices[i % 2];
    EXPECT_THAT(contexts[i] + continuations[i], ::testing::EndsWith(choice)) << i;
    EXPECT_EQ((contexts[i] + continuations[i]).find("  "), std::string::npos) << i;
  }
  EXPECT_EQ(contexts[0], "She was");
  EXPECT_EQ(continuations[0], " glad");
  EXPECT_EQ(contexts[4], "");
}

TEST_F(ChoiceTaskTest, WhiteSpaceAtTheEndOfTheContextBelongsToTheChoice) {
  for (const std::string space : {" ", "\n", " \t", "\u00A0", "\u3000\n"}) {
    const auto [ids, split] = EncodeChoice({"He paid" + space, {"7", "8"}, 0}, 0, tokenizer_, config_);
    EXPECT_EQ(Text(std::span(ids).first(split)), "He paid");
    EXPECT_EQ(Text(std::span(ids).subspan(split)), space + "7");
  }
  const auto [ids, split] = EncodeChoice({" \n", {"7", "8"}, 0}, 0, tokenizer_, config_);
  EXPECT_EQ(split, 0) << "a context of nothing else";
  EXPECT_EQ(Text(ids), " \n7");
}

TEST_F(ChoiceTaskTest, ABosInFrontOfAContextIsLeftOut) {
  const ChoiceTask task{"t", {{"<bos>She was", {" glad", " sorry"}, 0}, {"She was", {" glad", " sorry"}, 0}}};
  const ChoiceIds own = EncodeChoice(task.documents[0], 0, tokenizer_, config_);
  const ChoiceIds plain = EncodeChoice(task.documents[1], 0, tokenizer_, config_);
  EXPECT_EQ(own.ids, plain.ids);
  EXPECT_EQ(own.split, plain.split);
  EXPECT_EQ(DocumentsWithBos(task, tokenizer_), 1);
  const Tokenizer as_text(kShipped + "models/small/tokenizer.model", config_, SpecialText::kText);
  EXPECT_EQ(DocumentsWithBos(task, as_text), 0);
  EXPECT_EQ(Text(EncodeChoice(task.documents[0], 0, as_text, config_).ids), "<bos>She was glad");
}

TEST_F(ChoiceTaskTest, AChoiceThatAddsNoTokenIsNamed) {
  ChoiceDocument document{"", {"<bos>", "x"}, 0};  // the bos that every document gets
  document.origin = "t.jsonl:7";
  try {
    EncodeChoice(document, 0, tokenizer_, config_);
    ADD_FAILURE() << "nothing to score";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("t.jsonl:7"), HasSubstr("choice 0 adds no token")));
  }
}

TEST_F(ChoiceTaskTest, TheLikeliestIsTakenInAllAndPerCharacter) {
  // With 2 nats per token, the short choice is the likeliest, and the long one is the likeliest per
  // character.
  const ChoiceTask task{"t",
                        {{"Was it", {"no", "unquestionably"}, 1}, {"Was it", {"unquestionably", "no"}, 1}}};
  const ChoiceScores scores = Score(
      task, [](auto, auto continuation) { return 2.0 + 0.1 * static_cast<double>(continuation.size()); });
  EXPECT_THAT(scores.acc, ElementsAre(0, 1));
  EXPECT_THAT(scores.acc_norm, ElementsAre(1, 0));
  EXPECT_GT(scores.nats[0], scores.nats[1]) << "of the right choice, which is the long one first";
}

TEST_F(ChoiceTaskTest, MediaStandBeforeTheContextOrAtTheirMarks) {
  const testing::TemporaryFolder folder;
  fs::copy(PLELAB_SOURCE_DIR "/tests/data/media/rgb.png", folder / "a.png");
  fs::copy(PLELAB_SOURCE_DIR "/tests/data/media/mono_16k.wav", folder / "b.wav");
  testing::WriteText(folder / "t.jsonl",
                     R"({"images": ["a.png"], "context": "It is", "choices": [" one", " zero"], "gold": 0}
{"audio": ["b.wav"], "context": "Hear <audio> say", "choices": [" one", " two"], "gold": 0}
)");
  const ChoiceTask task = ReadChoiceTask(folder / "t.jsonl");
  EXPECT_EQ(task.documents[0].context, "<image>It is");
  EXPECT_EQ(task.documents[0].media.images.at(0), std::string(folder / "a.png"));
  EXPECT_EQ(MediaTasks({folder / "t.jsonl", kShipped + "tasks/next_sentence.jsonl"}), R"(["t"])");
  const auto [ids, split] = EncodeChoice(task.documents[0], 1, tokenizer_, config_);
  EXPECT_EQ(std::ranges::count(ids, config_.special.image), config_.special.vision_soft_tokens_per_image);
  EXPECT_EQ(Text(std::span(ids).subspan(split)), " zero");
  const ChoiceIds heard = EncodeChoice(task.documents[1], 0, tokenizer_, config_);
  EXPECT_EQ(std::ranges::count(heard.ids, config_.special.audio),
            config_.special.audio_soft_tokens_per_image);
  EXPECT_EQ(Text(std::span(heard.ids).subspan(heard.split)), " one");
}

TEST_F(ChoiceTaskTest, MediaThatAreNotThereOrNotMeantAreNamedWithTheirLine) {
  EXPECT_THAT(
      ErrorOf(R"({"images": ["no.png"], "context": "a", "choices": ["b", "c"], "gold": 0})"),
      AllOf(HasSubstr("task.jsonl:1: 'images'"), HasSubstr("no.png"), HasSubstr("folder of the JSONL")));
  EXPECT_THAT(ErrorOf(R"({"audio": "b.wav", "context": "a", "choices": ["b", "c"], "gold": 0})"),
              HasSubstr("task.jsonl:1: key 'audio'"));
  EXPECT_THAT(ErrorOf(R"({"images": ["/proc/self/status"], "context": "<image><image>", "choices": ["b", "c"],
"gold": 0})"),
              HasSubstr("task.jsonl:1"));
  const Gemma3nConfig text_only = ParseConfig(ShapeConfigJson(kShipped + "models/small.json"), "small");
  ChoiceDocument document{"<image>It is", {"b", "c"}, 0};
  document.media.images = {"a.png"};
  document.origin = "t.jsonl:7";
  try {
    EncodeChoice(document, 0, tokenizer_, text_only);
    ADD_FAILURE() << "a text-only model saw a picture";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("t.jsonl:7"), HasSubstr("no vision tower")));
  }
}

TEST(ChoiceRows, AccuracyHasItsStandardErrorAndLimits) {
  ChoiceTask task{"t", std::vector<ChoiceDocument>(4)};
  const auto rows = ChoiceRows("v", task, {{1, 0, 0, 0}, {1, 1, 1, 1}, {1, 2, 3, 4}});
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].metric, "acc");
  EXPECT_DOUBLE_EQ(rows[0].value, 0.25);
  EXPECT_NEAR(rows[1].value, std::sqrt(0.25 * 0.75 / 3), 1e-12) << "√(p (1 − p) / (n − 1))";
  // Wilson's intervals of 1 of 4 and 4 of 4, from scipy.
  EXPECT_NEAR(rows[0].low, 0.045587, 1e-6);
  EXPECT_NEAR(rows[0].high, 0.699358, 1e-6);
  EXPECT_EQ(rows[2].value, 1);
  EXPECT_NEAR(rows[2].low, 0.510109, 1e-6);
  EXPECT_EQ(rows[2].high, 1) << "no share is above 1";
  EXPECT_EQ(rows[3].value, 0);
  EXPECT_EQ(rows[0].n, 4);
  EXPECT_EQ(rows[4].metric, "answer_nats");
  EXPECT_EQ(rows[4].value, 2.5);
  const double relative = 1.96 * std::sqrt(5.0 / 3 / 4) / 2.5;
  EXPECT_NEAR(rows[4].low, 2.5 * std::exp(-relative), 1e-12);
  EXPECT_NEAR(rows[4].high, 2.5 * std::exp(relative), 1e-12);
}

TEST(ChoiceRows, DifferencesToTheBaselineArePaired) {
  const ChoiceTask task{"t", std::vector<ChoiceDocument>(4)};
  const ChoiceScores baseline{{1, 1, 0, 0}, {1, 1, 1, 1}, {1, 2, 3, 4}};
  const auto rows = ChoiceRows("v", task, {{1, 0, 0, 0}, {1, 1, 1, 1}, {3, 4, 5, 6}}, &baseline);
  ASSERT_EQ(rows.size(), 7u);
  EXPECT_EQ(rows[5].metric, "delta_acc");
  EXPECT_EQ(rows[5].value, -0.25);
  EXPECT_EQ(rows[6].metric, "delta_answer_nats");
  EXPECT_EQ(rows[6].value, 2);
  EXPECT_EQ(rows[6].low, rows[6].high) << "every document differs by the same";
}

TEST(ChoiceTask, TheShippedTasksHaveFourChoicesAndNoFavouritePlace) {
  for (const char* name : {"next_sentence", "sentence_ending"}) {
    const ChoiceTask task = ReadChoiceTask(kShipped + "tasks/" + name + ".jsonl");
    EXPECT_EQ(task.documents.size(), 300u) << name;
    std::vector<int64_t> places(4);
    for (const ChoiceDocument& document : task.documents) {
      ASSERT_EQ(document.choices.size(), 4u) << name;
      ++places[document.gold];
    }
    for (const int64_t count : places) EXPECT_NEAR(static_cast<double>(count), 75, 30) << name;
  }
}

}  // namespace choice_task_test
}  // namespace plelab
