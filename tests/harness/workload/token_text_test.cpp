#include "harness/workload/token_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/workload/synthesise.h"
#include "model/base/sha256.h"
#include "model/checkpoint/checkpoint.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace token_text_test {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

const std::string kShipped = PLELAB_SOURCE_DIR "/configs/models/small/tokenizer.model";
const std::string kJson = PLELAB_SOURCE_DIR "/tests/data/tokenizer/tokenizer.json";

Vocabulary Shipped() { return {ParseConfig(ShapeConfigJson("small"), "small"), kShipped, "small"}; }

TEST(TokenText, SpecialTokensAreReadUnlessTheyAreText) {
  const TemporaryFolder folder;
  WriteText(folder / "t.txt", "a<eos>b");
  EXPECT_THAT(ReadTokenText(folder / "t.txt", "", Shipped()).ids, ElementsAre(8111, 1, 8128));
  EXPECT_THAT(ReadTokenText(folder / "t.txt", "", Shipped(), /*special_tokens=*/false).ids,
              ElementsAre(8111, 169, 8109, 557, 171, 8128));
}

TEST(TokenText, ABosInFrontIsLeftOutWithANote) {
  const TemporaryFolder folder;
  WriteText(folder / "t.txt", "<bos>Hello");
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(ReadTokenText(folder / "t.txt", "", Shipped()).ids, ElementsAre(928, 388, 8113));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("t.txt begins with <bos>"));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(ReadTokenText(folder / "t.txt", "", Shipped(), /*special_tokens=*/false).ids.size(), 7u);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(TokenText, TheHashIsThatOfTheVocabularyThatWasRead) {
  const TemporaryFolder folder;
  WriteText(folder / "t.txt", "Hello");
  fs::copy_file(kJson, folder / "tokenizer.json");
  EXPECT_EQ(TokenizerFile(folder.path()), folder / "tokenizer.json");
  Vocabulary vocabulary = Shipped();
  vocabulary.tokenizer_path = TokenizerFile(folder.path());
  EXPECT_EQ(ReadTokenText(folder / "t.txt", "", vocabulary).tokenizer_sha256, Sha256Hex(ReadText(kJson)));
  fs::copy_file(kShipped, folder / "tokenizer.model");
  vocabulary.tokenizer_path = TokenizerFile(folder.path());
  EXPECT_EQ(vocabulary.tokenizer_path, folder / "tokenizer.model");
  fs::remove(folder / "tokenizer.json");  // it has other ids for the same tokens
  EXPECT_EQ(ReadTokenText(folder / "t.txt", "", vocabulary).tokenizer_sha256, Sha256Hex(ReadText(kShipped)));
}

TEST(CompanionsOfShape, AVocabularyGoesAlongInEitherForm) {
  const TemporaryFolder folder;
  WriteText(folder / "shape.json", "{}");
  EXPECT_THAT(TokenizerOfShape(folder / "shape.json"), "");
  fs::create_directory(folder / "shape");
  WriteText(folder / "shape/tokenizer.json", "{}");
  WriteText(folder / "shape/tokenizer_config.json", "{}");
  WriteText(folder / "preprocessor_config.json", "{}");
  EXPECT_THAT(CompanionsOfShape(folder / "shape.json"),
              ElementsAre(folder / "shape/tokenizer.json", folder / "shape/tokenizer_config.json",
                          folder / "preprocessor_config.json"));
  EXPECT_EQ(TokenizerOfShape(folder / "shape.json"), folder / "shape/tokenizer.json");
  WriteText(folder / "shape/tokenizer.model", "");
  EXPECT_EQ(TokenizerOfShape(folder / "shape.json"), folder / "shape/tokenizer.model");
}

}  // namespace token_text_test
}  // namespace plelab
