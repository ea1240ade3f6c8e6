#include "model/tokens/media_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "model/base/error.h"
#include "model/tokens/chat_template.h"
#include "tests/support/temporary_folder.h"

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
    PlaceMedia("Listen: <audio> and <audio_soft_token>", {0, 1}, false);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("2 marks <audio> or <audio_soft_token> or <start_of_audio> found, 1 expected"));
  }
}

TEST_F(MediaPrompt, MarksAreTextWithoutAFileOfTheirKind) {
  EXPECT_EQ(PlaceMedia(" an <audio> tag ", {0, 0}, false), " an <audio> tag ");
  EXPECT_EQ(PlaceMedia("An <audio> tag beside <image>", {1, 0}, true), "An <audio> tag beside<image>");
  EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "An <audio> tag beside <image>", {1, 0}),
            Join({Text("An <audio> tag beside \n\n"), image_, Text("\n\n")}));
  EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "no <audio> at all", {0, 0}), Text("no <audio> at all"));
}

TEST_F(MediaPrompt, TheReferencesPlaceholdersAreMarks) {
  for (const std::string mark : {"<image>", "<image_soft_token>", "<start_of_image>"}) {
    EXPECT_EQ(PlaceMedia("See " + mark + ".", {1, 0}, false), "See <image>.");
    EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "See " + mark + ".", {1, 0}),
              EncodeWithMedia(tokenizer_, config_, "See <image>.", {1, 0}));
  }
  for (const std::string mark : {"<audio>", "<audio_soft_token>", "<start_of_audio>"}) {
    EXPECT_EQ(PlaceMedia("Hear " + mark + " now", {0, 1}, true), "Hear<audio>now");
    EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "Hear " + mark, {0, 1}),
              EncodeWithMedia(tokenizer_, config_, "Hear <audio>", {0, 1}));
  }
}

// scripts/reference/make_prompt_goldens.py
TEST(MediaPromptGolden, IdsAreThoseOfTheReferencesProcessor) {
  const auto golden =
      nlohmann::json::parse(testing::ReadText(PLELAB_SOURCE_DIR "/tests/data/prompts/golden.json"));
  const auto& special = golden["special"];
  Gemma3nConfig config = Config();
  config.special = {.boi = special["boi_token"],
                    .eoi = special["eoi_token"],
                    .image = special["image_token"],
                    .boa = special["boa_token"],
                    .eoa = special["eoa_token"],
                    .audio = special["audio_token"],
                    .vision_soft_tokens_per_image = 2,
                    .audio_soft_tokens_per_image = 3};
  const Tokenizer tokenizer(PLELAB_SOURCE_DIR "/configs/models/small/tokenizer.model", config);
  const auto encode = [&](const std::string& text, MediaCount media) {
    MarksWithoutFiles(text, media, config);
    return EncodeWithMedia(tokenizer, config, PlaceMedia(text, media, /*trim=*/false), media);
  };
  ASSERT_GE(golden["prompts"].size(), 10u);
  for (const auto& prompt : golden["prompts"]) {
    const std::string text = prompt["text"];
    const MediaCount media{prompt["images"], prompt["clips"]};
    if (prompt["ids"].is_null()) {
      EXPECT_THROW(encode(text, media), UserError) << text;
    } else {
      EXPECT_EQ(encode(text, media), prompt["ids"].get<std::vector<int64_t>>()) << text;
    }
  }
}

TEST_F(MediaPrompt, TellsOfMarksWithoutFilesWhereTheModelHasATower) {
  EXPECT_EQ(MarksWithoutFiles("plain", {}, config_), "");
  EXPECT_EQ(MarksWithoutFiles("<image>", {1, 0}, config_), "");
  EXPECT_EQ(MarksWithoutFiles("<audio> <image>", {1, 0}, config_),
            "note: <audio> is text here; with --audio FILE it would mark where the file goes");
  for (const char* prompt : {"<image_soft_token>", "<audio_soft_token>"}) {  // the reference: ValueError
    EXPECT_THROW(MarksWithoutFiles(prompt, {}, config_), UserError) << prompt;
    EXPECT_EQ(MarksWithoutFiles(prompt, {}, config_, SpecialText::kText), "") << prompt;
  }
  config_.vision.reset();
  config_.audio.reset();
  EXPECT_EQ(MarksWithoutFiles("<audio> <image> <audio_soft_token> <image_soft_token>", {}, config_), "");
}

// As the reference's processor: "\n\n" boi, soft tokens, eoi "\n\n", with the neighbouring text tokenised
// together with the blank line.
TEST_F(MediaPrompt, FramesMediaWithBlankLines) {
  EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "Look <image>well", {1, 0}),
            Join({Text("Look \n\n"), image_, Text("\n\nwell")}));
  EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "<audio><image>", {1, 1}),
            Join({Text("\n\n"), clip_, Text("\n\n\n\n"), image_, Text("\n\n")}));
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

TEST_F(MediaPrompt, SaysWhichMarksAndFilesDoNotMatch) {
  const auto error = [](const std::function<void()>& action) -> std::string {
    try {
      action();
    } catch (const UserError& caught) {
      return caught.what();
    }
    return "accepted";
  };
  EXPECT_EQ(
      error([] {
        PlaceMedia("<image>", {2, 0}, false);
      }),
      "prompt: 1 marks <image> or <image_soft_token> or <start_of_image> found, 2 expected: one for each "
      "--image FILE");
  EXPECT_THAT(error([&] {
                EncodeWithMedia(tokenizer_, config_, "<audio><audio>", {0, 1});
              }),
              HasSubstr("found, 1 expected: one for each --audio FILE"));
  EXPECT_EQ(error([&] { MarksWithoutFiles("<image_soft_token>", {}, config_); }),
            "prompt: <image_soft_token> found, but no file for it; give --image FILE");
  EXPECT_EQ(error([&] {
              MarksWithoutFiles("<audio_soft_token>", {1, 0}, config_);
            }),
            "prompt: <audio_soft_token> found, but no file for it; give --audio FILE");
  EXPECT_EQ(MarksWithoutFiles("<image><audio>", {}, config_),
            "note: <image> is text here; with --image FILE it would mark where the file goes\n"
            "note: <audio> is text here; with --audio FILE it would mark where the file goes");
  EXPECT_EQ(MarksWithoutFiles("<image_soft_token><audio_soft_token>", {1, 1}, config_), "");
  EXPECT_EQ(ImageIds(config_), image_);
  EXPECT_EQ(ClipIds(config_), clip_);
}

TEST_F(MediaPrompt, OneTowerTakesMediaOfItsKind) {
  config_.audio.reset();
  EXPECT_EQ(ImageIds(config_), image_);
  EXPECT_EQ(MarksWithoutFiles("<audio><audio_soft_token>", {}, config_), "");
  EXPECT_EQ(EncodeWithMedia(tokenizer_, config_, "<image><image>", {2, 0}),
            Join({Text("\n\n"), image_, Text("\n\n\n\n"), image_, Text("\n\n")}));
  EXPECT_THROW(EncodeWithMedia(tokenizer_, config_, "<audio>", {0, 1}), UserError);
}

}  // namespace media_prompt_test
}  // namespace plelab
