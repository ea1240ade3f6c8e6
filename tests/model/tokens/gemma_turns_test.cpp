#include "model/tokens/gemma_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/tokens/chat_template.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace gemma_turns_test {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const json& Goldens() {
  static const json goldens =
      json::parse(testing::ReadText(PLELAB_SOURCE_DIR "/tests/data/chat_templates/golden.json"));
  return goldens;
}

std::string TextOf(const std::string& name) { return Goldens()["templates"][name]["text"]; }

std::vector<ChatTurn> TurnsOf(const json& messages) {
  std::vector<ChatTurn> turns;
  for (const json& message : messages) {
    const std::string role = message["role"];
    turns.push_back({role == "system" ? ChatRole::kSystem
                     : role == "user" ? ChatRole::kUser
                                      : ChatRole::kModel,
                     message["content"]});
  }
  return turns;
}

// True when the reference renders these conversations as RenderChat does.
bool ReferenceAgrees(const json& entry, std::initializer_list<const char*> conversations) {
  return std::ranges::all_of(conversations, [&](const char* name) {
    const json rendered = entry["rendered"][name];
    const std::string expected = "<bos>" + RenderChat(TurnsOf(Goldens()["conversations"][name]));
    return rendered.value("text", "") == expected;
  });
}

std::string With(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(GemmaTurns, AreThoseThatTheReferenceRendersFromAPublishedTemplate) {
  int gemma = 0, with_system = 0, other = 0;
  for (const auto& [name, entry] : Goldens()["templates"].items()) {
    const TurnsVerdict verdict = JudgeTemplate(entry["text"].get<std::string>());
    EXPECT_EQ(verdict.gemma(), ReferenceAgrees(entry, {"user", "spaced", "exchange"}))
        << name << ": " << verdict.turns;
    ++(verdict.gemma() ? gemma : other);
    if (!verdict.gemma()) continue;
    EXPECT_EQ(verdict.system.empty(), ReferenceAgrees(entry, {"system", "system_exchange"}))
        << name << ": " << verdict.system;
    if (verdict.system.empty()) ++with_system;
  }
  EXPECT_EQ(gemma, 5) << "Gemma 2, 3 and 3n, and trl's variants of the first two for training";
  EXPECT_EQ(with_system, 3);
  EXPECT_GE(other, 10);
}

TEST(GemmaTurns, AnswersSayHowATemplateDiffers) {
  EXPECT_EQ(JudgeTemplate(TextOf("chatml")).turns,
            R"(it writes a user's turn as "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")");
  EXPECT_EQ(JudgeTemplate(TextOf("gemma2")).system,
            R"(it refuses a system text: "System role not supported")");
  EXPECT_EQ(JudgeTemplate("{{ strftime_now('%Y') }}").turns,
            "it has the function 'strftime_now', which none of Gemma's has");
  EXPECT_THAT(JudgeTemplate("").turns, HasSubstr(R"(as "")"));
}

// Everything that changes what a model reads changes the answer; what changes nothing does not.
TEST(GemmaTurns, DependOnWhatIsRenderedAndNotOnHowItIsWritten) {
  const std::string gemma = TextOf("gemma3n");
  ASSERT_TRUE(JudgeTemplate(gemma).gemma());
  const std::pair<const char*, const char*> other[] = {
      {"{%- set role = \"model\" -%}", "{%- set role = \"assistant\" -%}"},
      {"{{ message['content'] | trim }}", "{{ message['content'] }}"},
      {"{{'<start_of_turn>model\n'}}", "{{'<start_of_turn>model\n<think>\n'}}"},
      {"{{'<start_of_turn>model\n'}}", ""},
      {"{{ '<end_of_turn>\n' }}", "{{ '<end_of_turn>' }}"},
      {"{%- set first_user_prefix = \"\" -%}", "{%- set first_user_prefix = \"You are helpful.\n\n\" -%}"},
      {"{{ bos_token }}", "{{ bos_token }}{{ bos_token }}"},
  };
  for (const auto& [from, to] : other) EXPECT_FALSE(JudgeTemplate(With(gemma, from, to)).gemma()) << to;
  const std::pair<const char*, const char*> same[] = {
      {"{%- set role = \"model\" -%}", "{# the reference's name #}{%- set role = 'mod' ~ 'el' -%}"},
      {"{{ message['content'] | trim }}", "{{ message.content.strip() }}"},
      {"{{ bos_token }}", "{{ '<bos>' }}"},
      {"{{ bos_token }}", ""},
  };
  for (const auto& [from, to] : same) EXPECT_EQ(JudgeTemplate(With(gemma, from, to)).turns, "") << to;
  const std::string trimmed =
      With(gemma, "messages[0]['content'] + '\n\n'", "messages[0]['content'] | trim + '\n\n'");
  EXPECT_TRUE(JudgeTemplate(trimmed).gemma());
  EXPECT_THAT(JudgeTemplate(trimmed).system, StartsWith("it writes a system text as"));
}

TEST(GemmaTurns, AnswersQuoteAsMuchAsAnErrorHasRoomFor) {
  const std::string most(158, 'x');  // 160 with its quotes
  EXPECT_EQ(JudgeTemplate(most).turns, "it writes a user's turn as \"" + most + "\"");
  EXPECT_EQ(JudgeTemplate(most + "y").turns, "it writes a user's turn as \"" + most + "y…\"");
}

}  // namespace gemma_turns_test
}  // namespace plelab
