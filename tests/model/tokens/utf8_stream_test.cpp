#include "model/tokens/utf8_stream.h"

#include <gtest/gtest.h>

namespace plelab {
namespace utf8_stream_test {

TEST(Utf8Stream, HoldsACharacterBackUntilItsLastByte) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("a\xF0"), "a");
  EXPECT_EQ(stream.Push("\x9F\x99"), "");
  EXPECT_EQ(stream.Push("\x82z"), "🙂z");
  EXPECT_EQ(stream.Finish(), "");
}

TEST(Utf8Stream, ReplacesEachByteThatBelongsToNoCharacter) {
  Utf8Stream stream;
  // A truncated three-byte character, a lone continuation byte, an overlong slash, a surrogate, and one past
  // U+10FFFF.
  EXPECT_EQ(stream.Push("\xE2\x82"
                        "a"),
            "��a");
  EXPECT_EQ(stream.Push("\x80"), "�");
  EXPECT_EQ(stream.Push("\xC0\xAF"), "��");
  EXPECT_EQ(stream.Push("\xED\xA0\x80"), "���");
  EXPECT_EQ(stream.Push("\xF4\x90\x80\x80"), "����");
}

TEST(Utf8Stream, FinishGivesUpWhatIsIncomplete) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("\xF0\x9F"), "");
  EXPECT_EQ(stream.Finish(), "��");
  EXPECT_EQ(stream.Push("b"), "b");
}

TEST(Utf8Stream, KeepsTheEdgesOfTheRange) {
  for (const std::string& text :
       {std::string("\0", 1), std::string("\x7F"), std::string("\xC2\x80"), std::string("\xDF\xBF"),
        std::string("\xE0\xA0\x80"), std::string("\xED\x9F\xBF"), std::string("\xEE\x80\x80"),
        std::string("\xEF\xBF\xBF"), std::string("\xF0\x90\x80\x80"), std::string("\xF4\x8F\xBF\xBF")}) {
    Utf8Stream stream;
    EXPECT_EQ(stream.Push(text), text);
  }
}

TEST(Utf8Stream, SaysHowManyBytesWaitForTheirCharacter) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("a\xE6\x97"), "a");
  EXPECT_EQ(stream.held_bytes(), 2u);
  EXPECT_EQ(stream.Push("\xA5"), "日");
  EXPECT_EQ(stream.held_bytes(), 0u);
}

TEST(Utf8Stream, CountsTheBytesBeforeTheFirstThatIsWrong) {
  const std::pair<std::string, size_t> cases[] = {{"", 0},
                                                  {"ab\xC3", 2},
                                                  {"é\x7F", 3},
                                                  {"\xC1\xBF", 0},
                                                  {"\xC2\x7F", 0},
                                                  {"\xC2\xC0", 0},
                                                  {"\xE0\x9F\xBF", 0},
                                                  {"\xE1\x80\x7F", 0},
                                                  {"日\xBF", 3},
                                                  {"\xE1\x80\xC0", 0},
                                                  {"\xE1\x7F\x80", 0},
                                                  {"\xED\xA0\x80", 0},
                                                  {"🙂\xF0", 4},
                                                  {"\xF0\x8F\xBF\xBF", 0},
                                                  {"\xF4\x90\x80\x80", 0},
                                                  {"\xF5\x80\x80\x80", 0},
                                                  {"\xE0\xA0", 0},
                                                  {"\xF1\x80\xBF\xBF", 4},
                                                  {"\xF3\xBF\x80\x80", 4},
                                                  {"\xEC\xBF\xBF\xE1\x80\x80", 6}};
  for (const auto& [bytes, valid] : cases) {
    EXPECT_EQ(ValidUtf8Bytes(bytes), valid) << ::testing::PrintToString(bytes);
  }
}

}  // namespace utf8_stream_test
}  // namespace plelab
