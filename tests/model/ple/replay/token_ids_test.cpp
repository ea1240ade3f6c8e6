#include "model/ple/replay/token_ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/base/error.h"

namespace plelab {
namespace token_ids_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& json) {
  try {
    ParseTokenIds(json, "ids.json", 100);
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TokenIds, ReadsAFlatArrayAndATrace) {
  EXPECT_THAT(ParseTokenIds("[0, 99, 7]", "ids.json", 100), ElementsAre(0, 99, 7));
  EXPECT_THAT(ParseTokenIds(R"({"tokenizer": "t", "ids": [5]})", "ids.json", 100), ElementsAre(5));
  EXPECT_TRUE(ParseTokenIds("[]", "ids.json", 100).empty());
}

TEST(TokenIds, NamesThePositionOfWhatIsNoId) {
  EXPECT_THAT(ErrorOf("[1, 2, 100]"), HasSubstr("ids.json: token 2 is 100; expected an id from 0 to 99"));
  EXPECT_THAT(ErrorOf("[-1]"), HasSubstr("token 0 is -1"));
  EXPECT_THAT(ErrorOf("[18446744073709551615]"), HasSubstr("token 0 is 18446744073709551615"));
  EXPECT_THAT(ErrorOf("[1.0]"), HasSubstr("token 0 is 1.0"));
  EXPECT_THAT(ErrorOf("[[1]]"), HasSubstr("token 0 is [1]"));
  EXPECT_THAT(ErrorOf(R"(["1"])"), HasSubstr("token 0 is \"1\""));
}

TEST(TokenIds, SaysWhatAFileThatIsNoListIs) {
  EXPECT_THAT(ErrorOf("[1, 2"), HasSubstr("ids.json: expected JSON"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("expected JSON"));
  EXPECT_THAT(ErrorOf(R"({"id": [1]})"), HasSubstr("found object"));
  EXPECT_THAT(ErrorOf("7"), HasSubstr("found number"));
  EXPECT_THROW(ReadTokenIds("no/such/file.json", 100), UserError);
  EXPECT_THROW(ReadTokenIds(PLELAB_SOURCE_DIR "/configs", 100), UserError);  // a folder
}

TEST(TokenIds, ADeepFileIsNamed) {
  EXPECT_THAT(ErrorOf(std::string(1'000'000, '[')),
              HasSubstr("ids.json: expected JSON of at most 64 levels"));
}

}  // namespace token_ids_test
}  // namespace plelab
