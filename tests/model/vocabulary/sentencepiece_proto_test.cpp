#include "model/vocabulary/sentencepiece_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "model/base/format.h"
#include "model/tokens/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace sentencepiece_proto_test {

using ::testing::ElementsAre;

const std::string kModel = PLELAB_SOURCE_DIR "/configs/models/small/tokenizer.model";

TEST(SentencePieceProto, WalksTheShippedModel) {
  std::string model = testing::ReadText(kModel);
  const std::string before = model;
  int64_t pieces = 0, bytes = 0;
  std::map<int64_t, std::pair<std::string, PieceType>> seen;
  EXPECT_TRUE(RetypePieces(model, [&](int64_t id, std::string_view text, PieceType type) {
    EXPECT_EQ(id, pieces++);
    seen[id] = {std::string(text), type};
    bytes += type == PieceType::kByte;
    return type;
  }));
  EXPECT_EQ(pieces, 8192);
  EXPECT_EQ(seen[2], std::pair(std::string("<bos>"), PieceType::kControl));
  EXPECT_EQ(seen[3], std::pair(std::string("<unk>"), PieceType::kUnknown));
  EXPECT_EQ(seen[105], std::pair(std::string("<start_of_turn>"), PieceType::kUserDefined));
  EXPECT_EQ(bytes, 256);
  EXPECT_TRUE(model == before);
}

TEST(SentencePieceProto, SaysWhenBytesAreNotInTheFormat) {
  const std::string whole = testing::ReadText(kModel);
  const auto keep = [](int64_t, std::string_view, PieceType type) { return type; };
  for (std::string bytes : {std::string("hello"), whole.substr(0, 1001),
                            std::string("\x0A\xFF\xFF\xFF\xFF\x0F"), std::string(20, '\xFF')}) {
    EXPECT_FALSE(RetypePieces(bytes, keep)) << bytes.size();
  }
}

TEST(SentencePieceProto, WhatIsWrittenMergesByScore) {
  std::vector<VocabularyPiece> pieces = {{"<unk>", 0, PieceType::kUnknown}};
  for (int byte = 0; byte < 256; ++byte) pieces.push_back({Format("<0x{:02X}>", byte), 0, PieceType::kByte});
  for (const char* piece : {"a", "b", "c", "▁"}) pieces.push_back({piece, -100, PieceType::kNormal});
  pieces.push_back({"bc", -1, PieceType::kNormal});  // id 261
  pieces.push_back({"ab", -2, PieceType::kNormal});
  pieces.push_back({"<x>", 0, PieceType::kControl});
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "tokenizer.model", WriteSentencePieceModel(pieces));
  Gemma3nConfig config;
  config.bos_token_id = 2;
  config.text.vocab_size = 300;
  const Tokenizer tokenizer(folder / "tokenizer.model", config);
  EXPECT_THAT(tokenizer.Encode("abc ab"), ElementsAre(257, 261, 260, 262)) << "no dummy prefix, bc before ab";
  EXPECT_THAT(tokenizer.Encode("<x>d"), ElementsAre(263, 1 + 'd'));
  EXPECT_EQ(tokenizer.Decode(std::vector<int64_t>{257, 261, 260, 262, 1 + 'd'}), "abc abd");
}

// Every kind of field of the wire format, with pieces among them.
TEST(SentencePieceProto, PassesOverFieldsThatItDoesNotKnow) {
  const std::string unknown =
      std::string("\x49") + "12345678" + "\x4D" + "1234" + "\x48\x96\x01" + "\x4A\x02zz";
  const std::string first =
                        "\x0A\x08\x08\x05\x0A\x02"
                        "ab\x18\x04",
                    last = "\x0A\x04\x0A\x02\xC3\xA9";
  const std::string wide = std::string("\x0A\x06\x0A\x01z\x18\x84\x00", 8);  // its type takes two bytes
  std::string model = unknown + first + "\x08\x07" + wide + unknown + last;
  std::vector<std::string> texts;
  std::vector<PieceType> types;
  EXPECT_TRUE(RetypePieces(model, [&](int64_t id, std::string_view text, PieceType type) {
    EXPECT_EQ(id, std::ssize(texts));
    texts.emplace_back(text);
    types.push_back(type);
    return PieceType::kControl;
  }));
  EXPECT_THAT(texts, ElementsAre("ab", "z", "é"));
  EXPECT_THAT(types, ElementsAre(PieceType::kUserDefined, PieceType::kNormal, PieceType::kNormal));
  const std::string changed =
      "\x0A\x08\x08\x05\x0A\x02"
      "ab\x18\x03";
  EXPECT_EQ(model, unknown + changed + "\x08\x07" + wide + unknown + last) << "only a type of one byte";
}

TEST(SentencePieceProto, AFieldEndsWithItsMessage) {
  const auto keep = [](int64_t, std::string_view, PieceType type) { return type; };
  for (std::string bytes : {std::string("\x4B"),
                            std::string("\x4D"
                                        "123"),
                            std::string("\x49"
                                        "1234567"),
                            std::string("\x4A\x03zz"), std::string("\x48\x96"), std::string("\x48"),
                            std::string("\x0A\x02\x0A\x02"
                                        "ab"),
                            std::string("\x0A\x01\x18")}) {
    EXPECT_FALSE(RetypePieces(bytes, keep)) << ::testing::PrintToString(bytes);
  }
  for (std::string bytes :
       {std::string(),
        std::string("\x4D"
                    "1234"),
        std::string("\x4A\x00", 2), std::string("\x48\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")}) {
    EXPECT_TRUE(RetypePieces(bytes, keep)) << ::testing::PrintToString(bytes);
  }
}

// Fields by sentencepiece_model.proto.
TEST(SentencePieceProto, WritesAModelByteForByte) {
  const std::vector<VocabularyPiece> pieces = {{"a", -1.5f, PieceType::kNormal},
                                               {std::string(130, 'b'), 0, PieceType::kByte}};
  const std::string a(
      "\x0A\x0A\x0A\x01"
      "a\x15\x00\x00\xC0\xBF\x18\x01",
      12);
  const std::string b =
      "\x0A\x8C\x01\x0A\x82\x01" + std::string(130, 'b') + std::string("\x15\0\0\0\0\x18\x06", 7);
  const std::string trainer = "\x12\x07\x18\x02\x20\x02\x98\x02\x01";
  const std::string normalizer =
      std::string("\x1A\x10\x0A\x08") + "identity" + std::string("\x18\0\x20\0\x28\x01", 6);
  EXPECT_EQ(WriteSentencePieceModel(pieces), a + b + trainer + normalizer);
}

}  // namespace sentencepiece_proto_test
}  // namespace plelab
