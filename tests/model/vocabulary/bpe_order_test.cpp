#include "model/vocabulary/bpe_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"

namespace plelab {
namespace bpe_order_test {

using ::testing::HasSubstr;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// A vocabulary of single characters and of what the merges make.
struct Vocabulary {
  std::vector<std::string> pieces;
  JsonVocabulary json;

  int32_t Id(const std::string& piece) {
    const auto found = std::ranges::find(pieces, piece);
    if (found == pieces.end()) return pieces.push_back(piece), static_cast<int32_t>(pieces.size()) - 1;
    return static_cast<int32_t>(found - pieces.begin());
  }
  Vocabulary(const std::string& characters, const Pairs& merges) {
    for (const char c : characters) Id(std::string(1, c));
    for (const auto& [left, right] : merges) json.merges.push_back({Id(left), Id(right), Id(left + right)});
    json.pieces.assign(pieces.begin(), pieces.end());
  }
};

std::string ErrorOf(const std::string& characters, const Pairs& merges) {
  const Vocabulary vocabulary(characters, merges);
  try {
    OrderOfPieces(vocabulary.json, "t.json");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(BpeOrder, PiecesComeInTheOrderOfTheirFirstMerges) {
  Vocabulary vocabulary("abc", {{"b", "c"}, {"a", "b"}, {"a", "bc"}, {"ab", "c"}});
  const std::vector<int32_t> order = OrderOfPieces(vocabulary.json, "t.json");
  EXPECT_EQ(order[vocabulary.Id("a")], -1);
  EXPECT_EQ(order[vocabulary.Id("bc")], 0);
  EXPECT_EQ(order[vocabulary.Id("ab")], 1);
  EXPECT_EQ(order[vocabulary.Id("abc")], 2);
}

TEST(BpeOrder, APairThatWouldBeMergedMustBeInTheList) {
  // "abc" is left as a + bc by the list, and sentencepiece would go on to the piece abc.
  EXPECT_THAT(ErrorOf("abc", {{"b", "c"}, {"a", "b"}, {"ab", "c"}}),
              HasSubstr("t.json: 'a' and 'bc' make the piece 'abc', but are not in the list"));
  // With ab first, a + bc never stand side by side.
  EXPECT_EQ(ErrorOf("abc", {{"a", "b"}, {"b", "c"}, {"ab", "c"}}), "");
}

TEST(BpeOrder, MergesOfTwoPiecesMustNotInterleave) {
  EXPECT_THAT(ErrorOf("abcd", {{"a", "b"}, {"b", "c"}, {"ab", "c"}, {"c", "d"}, {"a", "bc"}}),
              HasSubstr("the merges of 'abc' and of 'cd' interleave"));
}

TEST(BpeOrder, RunsOfOneCharacterMayInterleaveAsGemmasDo) {
  // The longest first, as in a conversion where all runs have one score.
  const Pairs merges = {{"sss", "s"}, {"ttt", "t"}, {"ss", "ss"}, {"tt", "tt"}, {"ss", "s"},
                        {"tt", "t"},  {"s", "sss"}, {"t", "ttt"}, {"s", "ss"},  {"t", "tt"},
                        {"s", "s"},   {"t", "t"},   {"s", "a"}};
  EXPECT_EQ(ErrorOf("sta", merges), "");
  Pairs early = merges;
  early.insert(early.begin() + 3, {"ss", "a"});
  EXPECT_THAT(ErrorOf("sta", early), HasSubstr("interleave"));
}

TEST(BpeOrder, RunsMustBeMergedAlike) {
  EXPECT_THAT(ErrorOf("b", {{"b", "b"}, {"b", "bb"}, {"bb", "bb"}, {"bb", "b"}, {"bbb", "b"}, {"b", "bbb"}}),
              HasSubstr("5 times 'b' would be merged otherwise"));
}

// The runs of `longest` characters and fewer, the longest left part first.
Pairs RunsUpTo(int longest) {
  Pairs merges;
  for (int left = longest - 1; left > 0; --left) {
    for (int right = longest - left; right > 0; --right) {
      merges.emplace_back(std::string(left, 'b'), std::string(right, 'b'));
    }
  }
  return merges;
}

// Gemma's runs have up to 31 characters.  To try those of 1,024 would take hours.
TEST(BpeOrder, ARunThatIsTooLongToBeTriedIsNamed) {
  EXPECT_EQ(ErrorOf("b", RunsUpTo(31)), "");
  EXPECT_THAT(ErrorOf("b", RunsUpTo(65)), HasSubstr("t.json: a piece is 65 times 'b'; expected at most 64"));
}

// A piece twice in a row, which is merged on as soon as it is made: the list makes the right one first.
TEST(BpeOrder, NeighboursThatMakeOnePieceMustNotDiffer) {
  const Pairs merges = {{"bbbbbb", "b"}, {"bbbbb", "bb"}, {"bbbb", "bbb"}, {"bbb", "bbbb"}, {"bb", "bbbbb"},
                        {"b", "bbbbbb"}, {"bbb", "b"},    {"b", "b"},      {"b", "bb"},     {"bb", "b"},
                        {"b", "bbbb"},   {"bb", "bbb"},   {"bbb", "bb"},   {"bbbb", "b"},   {"b", "bbbbb"},
                        {"bbbb", "bb"},  {"bb", "bbbb"},  {"bbbbb", "b"},  {"bbb", "bbb"}};
  EXPECT_THAT(ErrorOf("b", merges), HasSubstr("b' would be merged otherwise"));
}

TEST(BpeOrder, AMergeIsListedOnce) {
  EXPECT_THAT(ErrorOf("ab", {{"a", "b"}, {"a", "b"}}),
              HasSubstr("the merge of 'a' into 'ab' is listed twice"));
}

}  // namespace bpe_order_test
}  // namespace plelab
