// Uses the vocabulary that ships with the project (configs/models/small/tokenizer.model).
#include "model/tokens/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "model/base/error.h"
#include "model/tokens/utf8_stream.h"

namespace plelab {
namespace tokenizer_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kModel = PLELAB_SOURCE_DIR "/configs/models/small/tokenizer.model";

// The small model's text ids, with a published model's image and audio ids moved to the end of this
// vocabulary.
Gemma3nConfig Config() {
  Gemma3nConfig config;
  config.bos_token_id = 2;
  config.text.vocab_size = 8448;
  config.special = {.boi = 6, .eoi = 8192, .image = 8193, .boa = 7, .eoa = 8320, .audio = 8321};
  return config;
}

const Tokenizer& Small() {
  static const Tokenizer tokenizer(kModel, Config());
  return tokenizer;
}

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string Streamed(const std::vector<int64_t>& ids) {
  Utf8Stream stream;
  std::string text;
  for (const int64_t id : ids) text += stream.Push(Small().Bytes(id));
  return text + stream.Finish();
}

TEST(Tokenizer, TheShippedVocabularyIsLaidOutLikeGemmas) {
  EXPECT_EQ(Small().vocab_size(), 8192);
  EXPECT_EQ(Small().bos(), 2);
  EXPECT_EQ(Small().PieceId("<pad>"), 0);
  EXPECT_EQ(Small().PieceId("<eos>"), 1);
  EXPECT_EQ(Small().PieceId("<bos>"), 2);
  EXPECT_EQ(Small().PieceId("<unk>"), 3);
  EXPECT_EQ(Small().PieceId("<start_of_turn>"), 105);
  EXPECT_EQ(Small().PieceId("<end_of_turn>"), 106);
  EXPECT_EQ(Small().PieceId("\n"), 107);
  EXPECT_EQ(Small().PieceId("no such piece"), -1);
  EXPECT_EQ(Small().hash(), "b9f020c27d15110a0721c4b6c9a7699242fc185e3606f68d0c4098e985cd5363");
}

TEST(Tokenizer, EncodesWithoutBosAndWithoutADummyPrefix) {
  EXPECT_TRUE(Small().Encode("").empty());
  const auto ids = Small().Encode("the");
  ASSERT_FALSE(ids.empty());
  EXPECT_NE(ids.front(), 2);
  EXPECT_NE(Small().Encode(" the"), ids);
}

TEST(Tokenizer, RoundTripsAnyText) {
  for (const std::string text :
       {"In the beginning", " leading and trailing ", "  two  spaces   three",
        "one\ntwo\n\nthree\n\n\nfour\n", "\ttabs\tand\r\n", "naïve café, Ἰλιάς, 中文字, עברית",
        "🙂👩‍👩‍👧 emoji by bytes", "£12 9s. 6d. & 0123456789",
        "<start_of_turn>user\nhello<end_of_turn>\n", "<start_of_turn", "\x7F\x01"}) {
    EXPECT_EQ(Small().Decode(Small().Encode(text)), text);
  }
}

TEST(Tokenizer, RoundTripsTheShippedTextsAndStreamsThemTheSame) {
  for (const char* name : {"northanger_abbey", "persuasion"}) {
    const std::string text = ReadText(PLELAB_SOURCE_DIR "/configs/text/" + std::string(name) + ".txt");
    const auto ids = Small().Encode(text);
    EXPECT_GT(ids.size(), 100'000u) << name;
    EXPECT_EQ(Small().Decode(ids), text) << name;
    EXPECT_EQ(Streamed(ids), text) << name;
  }
}

TEST(Tokenizer, FallsBackToBytesForWhatItNeverSaw) {
  const int64_t zero = Small().PieceId("<0x00>");
  EXPECT_THAT(Small().Encode("é"), ElementsAre(zero + 0xC3, zero + 0xA9));
  EXPECT_EQ(Small().Bytes(zero + 0xC3), "\xC3");
  EXPECT_EQ(Small().Decode(std::vector<int64_t>{zero + 0xC3}), "�");  // half a character
}

TEST(Tokenizer, TurnMarksAreOneIdEach) {
  const auto ids = Small().Encode("<start_of_turn>user\nhi<end_of_turn>\n");
  EXPECT_EQ(ids.front(), 105);
  EXPECT_EQ(ids[ids.size() - 2], 106);
  EXPECT_EQ(ids.back(), 107);
}

TEST(Tokenizer, TakesIdsPastTheVocabularyFromTheConfig) {
  EXPECT_THAT(Small().Encode("<start_of_image><image_soft_token><end_of_image>"), ElementsAre(6, 8193, 8192));
  EXPECT_THAT(Small().Encode("<start_of_audio><audio_soft_token><end_of_audio>"), ElementsAre(7, 8321, 8320));
  EXPECT_EQ(Small().Decode(std::vector<int64_t>{6, 8193, 8192}),
            "<start_of_image><image_soft_token><end_of_image>");
  EXPECT_EQ(Small().PieceId("<image_soft_token>"), 8193);
}

TEST(Tokenizer, ControlAndUnknownIdsAreNoText) {
  EXPECT_EQ(Small().Decode(std::vector<int64_t>{2, 0, 1, 3, 8200, 1'000'000, -5}), "");
}

// Ids of transformers 5.23's GemmaTokenizer for this vocabulary, the second of each with
// split_special_tokens=True.
TEST(Tokenizer, SpellingsOfControlTokensAreTheirIds) {
  const Tokenizer text(kModel, Config(), SpecialText::kText);
  EXPECT_THAT(Small().Encode("<bos>Hello"), ElementsAre(2, 928, 388, 8113));
  EXPECT_THAT(text.Encode("<bos>Hello"), ElementsAre(169, 8128, 557, 171, 928, 388, 8113));
  EXPECT_THAT(Small().Encode("a<eos>b"), ElementsAre(8111, 1, 8128));
  EXPECT_THAT(text.Encode("a<eos>b"), ElementsAre(8111, 169, 8109, 557, 171, 8128));
  EXPECT_THAT(Small().Encode("<pad><unk><mask>"), ElementsAre(0, 3, 4));
  EXPECT_THAT(text.Encode("<pad><unk>"), ElementsAre(169, 8129, 471, 171, 169, 804, 8132, 171));
  EXPECT_EQ(Small().Encode(Small().AsText("<pad><unk>") + "<eos>").back(), 1);
}

TEST(Tokenizer, TurnMarksAreTextWhereSpecialsAre) {
  const Tokenizer text(kModel, Config(), SpecialText::kText);
  const auto ids = text.Encode("<start_of_turn><end_of_turn>");
  EXPECT_EQ(std::ranges::count_if(ids, [](int64_t id) { return id == 105 || id == 106; }), 0);
  EXPECT_EQ(text.Decode(ids), "<start_of_turn><end_of_turn>");
  EXPECT_THAT(text.Encode("<unused0>\n\n"), ElementsAre(6, 108)) << "user-defined pieces are not special";
}

TEST(Tokenizer, DropsOneBosInFront) {
  std::vector<int64_t> ids = {2, 2, 5};
  EXPECT_TRUE(DropBos(ids, 2));
  EXPECT_THAT(ids, ElementsAre(2, 5));
  ids = {5, 2};
  EXPECT_FALSE(DropBos(ids, 2));
  ids = {};
  EXPECT_FALSE(DropBos(ids, 2));
}

TEST(Tokenizer, SaysWhatIsWrongWithAFileThatIsMissingOrNoModel) {
  const std::string path = ::testing::TempDir() + "/not_a_tokenizer.model";
  try {
    Tokenizer(path + ".missing", Config());
    FAIL() << "a missing file was accepted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr(path + ".missing"));
  }
  const std::string whole = ReadText(kModel);
  for (const std::string& bytes : {std::string(), std::string("hello"), whole.substr(0, whole.size() - 5)}) {
    std::ofstream(path, std::ios::binary) << bytes;
    try {
      Tokenizer(path, Config());
      ADD_FAILURE() << bytes.size() << " bytes were accepted";
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), HasSubstr("expected a sentencepiece model"));
    }
  }
  std::filesystem::remove(path);
}

TEST(Tokenizer, RefusesAVocabularyThatTheModelHasNoRowsFor) {
  Gemma3nConfig config = Config();
  config.text.vocab_size = 8191;
  try {
    Tokenizer(kModel, config);
    FAIL() << "8,192 pieces were accepted for 8,191 rows";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("has 8192 pieces, but config.json's vocab_size is 8191"));
  }
}

}  // namespace tokenizer_test
}  // namespace plelab
