#include "model/tokens/media_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"
#include "model/tokens/chat_template.h"

namespace plelab {
namespace media_prompt_test {

using ::testing::HasSubstr;

// Two soft tokens per image and three per clip.
Gemma3nConfig Config() {
  Gemma3nConfig config;
  config.text.vocab_size = 8448;
  config.bos_token_id = 2;
  config.special = {.boi = 6,
                    .eoi = 8192,
                    .image = 8193,
                    .boa = 7,
                    .eoa = 8320,
                    .audio = 8321,
                    .vision_soft_tokens_per_image = 2,
                    .audio_soft_tokens_per_image = 3};
  config.vision.emplace();
  config.audio.emplace();
  return config;
}

class MediaPrompt : public ::testing::Test {
 protected:
  std::vector<int64_t> Join(std::initializer_list<std::vector<int64_t>> parts) const {
    std::vector<int64_t> ids;
    for (const auto& part : parts) ids.insert(ids.end(), part.begin(), part.end());
    return ids;
  }
  std::vector<int64_t> Text(const std::string& text) const { return tokenizer_.Encode(text); }

  Gemma3nConfig config_ = Config();
  Tokenizer tokenizer_{PLELAB_SOURCE_DIR "/configs/models/small/tokenizer.model", config_};
  const std::vector<int64_t> image_ = {6, 8193, 8193, 8192}, clip_ = {7, 8321, 8321, 8321, 8320};
};

TEST_F(MediaPrompt, PutsMediaBeforeAPromptWithoutMarks) {
  EXPECT_EQ(PlaceMedia("What is it?", {2, 1}, false), "<image><image><audio>What is it?");
  EXPECT_EQ(PlaceMedia("Plain.", {0, 0}, false), "Plain.");
}

TEST_F(MediaPrompt, KeepsMarksWhereTheyStand) {
  EXPECT_EQ(PlaceMedia("Compare <image> with <image>.", {2, 0}, false), "Compare <image> with <image>.");
  EXPECT_EQ(PlaceMedia("See <image>.", {1, 1}, false), "<audio>See <image>.")
      << "a kind without marks goes before";
}

TEST_F(MediaPrompt, TrimsTextAroundMarksInChatTurns) {
  EXPECT_EQ(PlaceMedia("  Compare <image> with\n<image> now ", {2, 0}, true), "Compare<image>with<image>now");
}

TEST_F(MediaPrompt, RefusesAnotherNumberOfMarksThanFiles) {
  EXPECT_THROW(PlaceMedia("<image>", {2, 0}, false), UserError);
  EXPECT_THROW(PlaceMedia("<image> and <image>", {1, 0}, false), UserError);
  try {
    PlaceMedia("Listen: <audio>", {0, 0}, false);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("1 marks <audio> found, 0 expected"));
  }
}

// As the reference's processor: "\n\n" boi, soft tokens, eoi "\n\n", with the neighbouring text tokenised
// together with the blank line.
TEST_F(MediaPrompt, FramesMediaWithBlankLines) {
  EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "Look <image>well", {1, 0}),
            Join({Text("Look \n\n"), image_, Text("\n\nwell")}));
  EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "<audio><image>", {1, 1}),
            Join({Text("\n\n"), clip_, Text("\n\n\n\n"), image_, Text("\n\n")}));
  EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "no <image> at all", {0, 0}), Text("no <image> at all"));
}

TEST_F(MediaPrompt, StandsInsideAChatTurn) {
  const std::vector<ChatTurn> turns = {{ChatRole::kUser, PlaceMedia("What is it?", {1, 0}, true)}};
  EXPECT_EQ(EncodeChat(tokenizer_, config_, turns, {1, 0}),
            Join({{2},
                  Text("<start_of_turn>user\n\n\n"),
                  image_,
                  Text("\n\nWhat is it?<end_of_turn>\n<start_of_turn>model\n")}));
}

TEST_F(MediaPrompt, TextOnlyModelsHaveNoPlaceForMedia) {
  config_.vision.reset();
  config_.audio.reset();
  EXPECT_THROW(ImageIds(config_), UserError);
  EXPECT_THROW(ClipIds(config_), UserError);
}

}  // namespace media_prompt_test
}  // namespace plelab
