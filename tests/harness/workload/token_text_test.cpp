#include "harness/workload/token_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/workload/synthesise.h"
#include "model/base/error.h"
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
  EXPECT_THAT(ReadTokenText({.text_file = folder / "t.txt"}, Shipped()).ids, ElementsAre(8111, 1, 8128));
  EXPECT_THAT(ReadTokenText({.text_file = folder / "t.txt", .special_tokens = false}, Shipped()).ids,
              ElementsAre(8111, 169, 8109, 557, 171, 8128));
}

TEST(TokenText, ABosInFrontIsLeftOutWithANote) {
  const TemporaryFolder folder;
  WriteText(folder / "t.txt", "<bos>Hello");
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(ReadTokenText({.text_file = folder / "t.txt"}, Shipped()).ids, ElementsAre(928, 388, 8113));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("t.txt begins with <bos>"));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(ReadTokenText({.text_file = folder / "t.txt", .special_tokens = false}, Shipped()).ids.size(),
            7u);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(TokenText, TheNoteShowsWhatANameWouldDoToTheTerminal) {
  const TemporaryFolder folder;
  const std::string path = folder / "t\x1b[31m.txt";
  WriteText(path, "<bos>Hello");
  ::testing::internal::CaptureStderr();
  ReadTokenText({.text_file = path}, Shipped());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("t\\x1b[31m.txt begins with <bos>"));
}

TEST(TokenText, TheHashIsThatOfTheVocabularyThatWasRead) {
  const TemporaryFolder folder;
  WriteText(folder / "t.txt", "Hello");
  fs::copy_file(kJson, folder / "tokenizer.json");
  EXPECT_EQ(TokenizerFile(folder.path()), folder / "tokenizer.json");
  Vocabulary vocabulary = Shipped();
  vocabulary.tokenizer_path = TokenizerFile(folder.path());
  EXPECT_EQ(ReadTokenText({.text_file = folder / "t.txt"}, vocabulary).tokenizer_sha256,
            Sha256Hex(ReadText(kJson)));
  fs::copy_file(kShipped, folder / "tokenizer.model");
  vocabulary.tokenizer_path = TokenizerFile(folder.path());
  EXPECT_EQ(vocabulary.tokenizer_path, folder / "tokenizer.model");
  fs::remove(folder / "tokenizer.json");  // it has other ids for the same tokens
  EXPECT_EQ(ReadTokenText({.text_file = folder / "t.txt"}, vocabulary).tokenizer_sha256,
            Sha256Hex(ReadText(kShipped)));
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

class TokenTextFile : public ::testing::Test {
 protected:
  std::vector<int64_t> Ids(const std::string& bytes, const std::string& encoding) const {
    WriteText(folder_ / "a.txt", bytes);
    return ReadTokenText({.text_file = folder_ / "a.txt", .encoding = encoding}, Shipped()).ids;
  }

  TemporaryFolder folder_;
};

TEST_F(TokenTextFile, HasTheSameIdsInEveryEncoding) {
  const std::vector<int64_t> ids = Ids("Le café, déjà vu\n", "utf-8");
  EXPECT_GT(ids.size(), 5u);
  EXPECT_EQ(Ids("Le caf\xE9, d\xE9j\xE0 vu\n", "latin-1"), ids);
  EXPECT_EQ(Ids("Le caf\xE9, d\xE9j\xE0 vu\n", "windows-1252"), ids);
  EXPECT_EQ(Ids("\xEF\xBB\xBFLe café, déjà vu\n", "utf-8"), ids) << "a byte order mark is no text";
  std::string wide = "\xFF\xFE";
  for (const char c : std::string("Le caf\xE9, d\xE9j\xE0 vu\n")) wide += {c, '\0'};
  EXPECT_EQ(Ids(wide, "utf-16"), ids);
}

TEST_F(TokenTextFile, ThatIsNotInItsEncodingIsRefusedByItsByte) {
  try {
    Ids("Le th\xE9\n", "utf-8");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("a.txt: byte 0xE9 at offset 5, line 1 is not UTF-8; give the file's own "
                          "encoding (encoding: latin-1"));
  }
}

}  // namespace token_text_test
}  // namespace plelab
