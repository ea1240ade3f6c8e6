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

TEST(AddedTokens, WhiteSpaceBetweenTokensIsTakenOnce) {
  EXPECT_THAT(Split(Some(), "\u00a0\u2003 <left>"), ElementsAre("5"));
  EXPECT_THAT(Split(Some(), "<b> \t<left>x"), ElementsAre("3", "5", "'x'"));
  EXPECT_THAT(Split(Some(), "<right> <left>"), ElementsAre("6", "5"));
  EXPECT_THAT(Split(Some(), "<right> <right>\n"), ElementsAre("6", "6"));
  const AddedTokens newline({{.content = "<right>", .id = 6, .rstrip = true}, {.content = "\n", .id = 7}});
  EXPECT_THAT(Split(newline, "<right>\nx\ny"), ElementsAre("6", "7", "'x'", "7", "'y'"));
}

TEST(AddedTokens, OfOneKindAloneNeedNoOther) {
  EXPECT_THAT(Split(AddedTokens({{.content = "<b>", .id = 3}}), "a b<b> c"),
              ElementsAre("'a b'", "3", "' c'"));
  const AddedTokens normalized({{.content = "two words", .id = 4, .normalized = true}});
  EXPECT_THAT(Split(normalized, "a two words"), ElementsAre("'a▁'", "4"));
  EXPECT_THAT(Split(normalized, ""), IsEmpty());
}

TEST(AddedTokens, SpellingsThatBeginAlikeAreToldApart) {
  const AddedTokens added({{.content = "ab", .id = 1},
                           {.content = "abc", .id = 2},
                           {.content = "abd", .id = 3},
                           {.content = "b", .id = 4},
                           {.content = "\u00e9", .id = 5}});
  EXPECT_THAT(Split(added, "abd"), ElementsAre("3"));
  EXPECT_THAT(Split(added, "abx"), ElementsAre("1", "'x'"));
  EXPECT_THAT(Split(added, "abcd"), ElementsAre("2", "'d'"));
  EXPECT_THAT(Split(added, "ab"), ElementsAre("1"));
  EXPECT_THAT(Split(added, "a"), ElementsAre("'a'"));
  EXPECT_THAT(Split(added, "bab\u00e9"), ElementsAre("4", "1", "5"));
  EXPECT_EQ(added.Find("abd")->id, 3);
  EXPECT_EQ(added.Find("a"), nullptr);
}

TEST(AddedTokens, MarksStandRightBeforeWhatTheyMark) {
  const std::string mark(kTextMark);
  EXPECT_EQ(Some().AsText("<a>x<b>"), mark + "<a>x<b>");
  EXPECT_THAT(Split(Some(), mark + "<a>"), ElementsAre("'<a>'"));
  EXPECT_THAT(Split(Some(), "<b>" + mark + "<a>" + mark + "<a>"), ElementsAre("3", "'<a><a>'"));
  EXPECT_THAT(Split(Some(), mark + " <a>"), ElementsAre("'" + mark + "▁'", "1"));
  const AddedTokens normalized({{.content = "n m", .id = 8, .special = true, .normalized = true}});
  EXPECT_EQ(normalized.AsText("a n▁m"), "a " + mark + "n▁m");
}

}  // namespace added_tokens_test
}  // namespace plelab
