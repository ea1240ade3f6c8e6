#include "model/tokens/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "model/base/error.h"

namespace plelab {
namespace chat_template_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ChatTemplate : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(::testing::TempDir()) /
                 ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
  }

  static Gemma3nConfig Config() {
    Gemma3nConfig config;
    config.bos_token_id = 2;
    config.text.vocab_size = 8448;
    config.eos_token_ids = {1};
    return config;
  }
  std::vector<int64_t> Stops(bool chat) const {
    return StopIds(directory_.string(), Config(), tokenizer_, chat);
  }

  std::filesystem::path directory_;
  Tokenizer tokenizer_{PLELAB_SOURCE_DIR "/configs/models/small/tokenizer.model", Config()};
};

TEST_F(ChatTemplate, RendersOneUserTurn) {
  const std::vector<ChatTurn> turns = {{ChatRole::kUser, " Hello there\n"}};
  EXPECT_EQ(RenderChat(turns), "<start_of_turn>user\nHello there<end_of_turn>\n<start_of_turn>model\n");
}

TEST_F(ChatTemplate, PrependsTheSystemTextToTheFirstUserTurnOnly) {
  const std::vector<ChatTurn> turns = {{ChatRole::kSystem, "Be brief."},
                                       {ChatRole::kUser, "One?"},
                                       {ChatRole::kModel, "1"},
                                       {ChatRole::kUser, "Two?"}};
  EXPECT_EQ(RenderChat(turns),
            "<start_of_turn>user\nBe brief.\n\nOne?<end_of_turn>\n"
            "<start_of_turn>model\n1<end_of_turn>\n"
            "<start_of_turn>user\nTwo?<end_of_turn>\n<start_of_turn>model\n");
}

TEST_F(ChatTemplate, EncodesWithBosAndOneIdPerMark) {
  const std::vector<ChatTurn> turns = {{ChatRole::kUser, "\n"}};  // empty once trimmed
  std::vector<int64_t> expected = {2, 105};
  const auto append = [&](const std::string& text) {
    for (const int64_t id : tokenizer_.Encode(text)) expected.push_back(id);
  };
  append("user\n");
  expected.insert(expected.end(), {106, 107, 105});
  append("model\n");
  EXPECT_EQ(EncodeChat(tokenizer_, Config(), turns), expected);
}

TEST_F(ChatTemplate, RefusesTurnsOutOfOrder) {
  const ChatTurn user{ChatRole::kUser, "u"}, model{ChatRole::kModel, "m"}, system{ChatRole::kSystem, "s"};
  for (const std::vector<ChatTurn>& turns :
       {std::vector<ChatTurn>{}, {system}, {model}, {user, user}, {user, model}, {user, system}}) {
    EXPECT_THROW(RenderChat(turns), UserError);
  }
}

// Python's strip(), which the published template calls trim.
TEST_F(ChatTemplate, TakesUnicodesWhiteSpaceFromTheEndsOfATurn) {
  const std::vector<ChatTurn> turns = {{ChatRole::kUser, "\u3000\u00A0 日本\u2003語 \x1C\u2029\n"}};
  EXPECT_EQ(RenderChat(turns), "<start_of_turn>user\n日本\u2003語<end_of_turn>\n<start_of_turn>model\n");
}

TEST_F(ChatTemplate, StopIdsComeFromBothConfigsAndTheTurnMark) {
  EXPECT_THAT(Stops(/*chat=*/false), ElementsAre(1));
  EXPECT_THAT(Stops(/*chat=*/true), ElementsAre(1, 106));
  Write("generation_config.json", R"({"eos_token_id": [1, 50]})");
  EXPECT_THAT(Stops(/*chat=*/false), ElementsAre(1, 50));
  Write("generation_config.json", R"({"eos_token_id": 7})");
  EXPECT_THAT(Stops(/*chat=*/true), ElementsAre(1, 7, 106));
  Write("generation_config.json", R"({"eos_token_id": null})");
  EXPECT_THAT(Stops(/*chat=*/false), ElementsAre(1));
  Write("generation_config.json", R"({"eos_token_id": "one"})");
  EXPECT_THROW(Stops(/*chat=*/false), UserError);
  Write("generation_config.json", "{");
  EXPECT_THROW(Stops(/*chat=*/false), UserError);
}

TEST_F(ChatTemplate, NamesTheTurnThatIsOutOfOrder) {
  const ChatTurn user{ChatRole::kUser, "u"}, model{ChatRole::kModel, "m"}, system{ChatRole::kSystem, "s"};
  const std::pair<std::vector<ChatTurn>, const char*> cases[] = {
      {{model}, "chat: turn 1 is not the user's; "},
      {{user, user}, "chat: turn 2 is not the model's; "},
      {{system, user, model, model}, "chat: turn 3 is not the user's; "},
      {{user, model}, "chat: the last turn must be the user's"},
      {{}, "chat: the last turn must be the user's"}};
  for (const auto& [turns, expected] : cases) {
    try {
      RenderChat(turns);
      ADD_FAILURE() << expected;
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), StartsWith(expected));
    }
  }
}

TEST_F(ChatTemplate, SaysWhichStopIdsAreWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"eos_token_id": [1, "one"]})",
       "generation_config.json: 'eos_token_id' is [1,\"one\"]; expected an id or a list of ids"},
      {"[1]", "generation_config.json: expected a JSON object"}};
  for (const auto& [text, expected] : cases) {
    Write("generation_config.json", text);
    try {
      Stops(/*chat=*/false);
      ADD_FAILURE() << text;
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), HasSubstr(expected));
    }
  }
  Write("generation_config.json", R"({"max_length": 5})");
  EXPECT_THAT(Stops(/*chat=*/false), ElementsAre(1));
}

}  // namespace chat_template_test
}  // namespace plelab
