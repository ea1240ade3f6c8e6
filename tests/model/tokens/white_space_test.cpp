#include "model/tokens/white_space.h"

#include <gtest/gtest.h>

#include <string>

namespace plelab {
namespace white_space_test {

TEST(WhiteSpace, TrailingIsWhatPythonsRstripTakesAway) {
  EXPECT_EQ(TrailingWhiteSpace("He paid "), " ");
  EXPECT_EQ(TrailingWhiteSpace("a b"), "");
  EXPECT_EQ(TrailingWhiteSpace(""), "");
  EXPECT_EQ(TrailingWhiteSpace(" \t\n\v\f\r\x1C\x1D\x1E\x1F"), " \t\n\v\f\r\x1C\x1D\x1E\x1F");
  EXPECT_EQ(TrailingWhiteSpace("x \u0085\u00A0\u1680\u2003\u2028\u2029\u202F\u205F\u3000 "),
            " \u0085\u00A0\u1680\u2003\u2028\u2029\u202F\u205F\u3000 ");
  // A zero-width space, a byte order mark and a word joiner are none; nor are bytes of another character.
  for (const std::string text :
       {"x\u200B", "x\uFEFF", "x\u2060", "\u0120", "\u4E20", "x\x1B", "x\xA0", "x\x80"}) {
    EXPECT_EQ(TrailingWhiteSpace(text), "") << text;
  }
}

TEST(WhiteSpace, BeginsLikewise) {
  EXPECT_TRUE(BeginsWithWhiteSpace("\u3000x"));
  EXPECT_TRUE(BeginsWithWhiteSpace("\n"));
  EXPECT_FALSE(BeginsWithWhiteSpace("x "));
  EXPECT_FALSE(BeginsWithWhiteSpace("\u200Bx"));
  EXPECT_FALSE(BeginsWithWhiteSpace(""));
}

}  // namespace white_space_test
}  // namespace plelab
