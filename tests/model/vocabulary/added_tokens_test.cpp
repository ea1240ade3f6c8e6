#include "model/vocabulary/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plelab {
namespace added_tokens_test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Text in quotes, tokens as their ids.
std::vector<std::string> Split(const AddedTokens& added, std::string_view text, bool as_text = false) {
  std::vector<std::string> parts;
  added.Split(
      text, as_text, [&](std::string_view plain) { parts.push_back("'" + std::string(plain) + "'"); },
      [&](const AddedToken& token) { parts.push_back(std::to_string(token.id)); });
  return parts;
}

AddedTokens Some() {
  return AddedTokens({{.content = "<a>", .id = 1, .special = true},
                      {.content = "<a><b>", .id = 2},
                      {.content = "<b>", .id = 3},
                      {.content = "two words", .id = 4, .normalized = true},
                      {.content = "<left>", .id = 5, .lstrip = true},
                      {.content = "<right>", .id = 6, .rstrip = true}});
}

TEST(AddedTokens, TheLongestWinsAtEachPlace) {
  EXPECT_THAT(Split(Some(), "x<a><b><a>"), ElementsAre("'x'", "2", "1"));
  EXPECT_THAT(Split(Some(), "<<a<a><b"), ElementsAre("'<<a'", "1", "'<b'"));
  EXPECT_THAT(Split(Some(), ""), IsEmpty());
  EXPECT_THAT(Split(AddedTokens(), "<a>"), ElementsAre("'<a>'"));
}

TEST(AddedTokens, NormalizedTokensAreFoundWhereverSpacesOrTheirMarksStand) {
  // What is left is given out normalised as well.
  EXPECT_THAT(Split(Some(), "a two words<b>two▁words"), ElementsAre("'a▁'", "4", "3", "4"));
}

TEST(AddedTokens, TakeWhiteSpaceAlongWhereTheySaySo) {
  EXPECT_THAT(Split(Some(), "a \t\u3000<left> b"), ElementsAre("'a'", "5", "'▁b'"));
  EXPECT_THAT(Split(Some(), "a <right>\n \u00a0b"), ElementsAre("'a▁'", "6", "'b'"));
}

TEST(AddedTokens, SpecialsAreTextWhereAskedAndOthersAreNot) {
  EXPECT_THAT(Split(Some(), "x<a>y<b>", true), ElementsAre("'x<a>y'", "3"));
  EXPECT_THAT(Split(Some(), "x<a>y" + Some().AsText("<a><b> <a>z<b>")),
              ElementsAre("'x'", "1", "'y'", "2", "'▁<a>z'", "3"));
}

TEST(AddedTokens, AMarkElsewhereIsAnOrdinaryCharacter) {
  const std::string mark(kTextMark);
  EXPECT_THAT(Split(Some(), mark + "<b>" + mark), ElementsAre("'" + mark + "'", "3", "'" + mark + "'"));
}

}  // namespace added_tokens_test
}  // namespace plelab
