#include "model/vocabulary/sentencepiece_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

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

}  // namespace sentencepiece_proto_test
}  // namespace plelab
