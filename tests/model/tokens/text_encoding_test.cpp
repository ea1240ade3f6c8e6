// Expected texts and offsets are Python's: bytes.decode and UnicodeDecodeError.start.
#include "model/tokens/text_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"

namespace plelab {
namespace text_encoding_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

template <class F>
std::string ErrorOf(F action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

std::string DecodingErrorOf(const std::string& bytes, const std::string& encoding) {
  return ErrorOf([&] { DecodeText(bytes, encoding, "a.txt"); });
}

TEST(TextEncoding, NamesTheFirstByteThatIsNotUtf8) {
  const std::pair<std::string, const char*> cases[] = {
      {"caf\xE9 is", "a.txt: byte 0xE9 at offset 3, line 1 is not UTF-8; "},
      {"one\ntwo\n\xFF", "a.txt: byte 0xFF at offset 8, line 3 is not UTF-8; "},
      {"\xFF\xFEh\0i\0", "a.txt: byte 0xFF at offset 0, line 1 is not UTF-8; "},
      {"end \xE2\x82", "a.txt: byte 0xE2 at offset 4, line 1 is not UTF-8; "},
      {"\xC0\x80", "a.txt: byte 0xC0 at offset 0, line 1 is not UTF-8; "},       // an overlong form
      {"x\xED\xA0\x80", "a.txt: byte 0xED at offset 1, line 1 is not UTF-8; "},  // a surrogate
  };
  for (const auto& [bytes, expected] : cases) {
    EXPECT_THAT(DecodingErrorOf(bytes, "utf-8"), AllOf(StartsWith(expected), HasSubstr("encoding: latin-1")));
    EXPECT_EQ(ErrorOf([&] { RequireUtf8(bytes, "a.txt", "do this"); }), std::string(expected) + "do this");
  }
  EXPECT_EQ(DecodeText("é 日本 😀\n", "utf-8", "a.txt"), "é 日本 😀\n");
}

TEST(TextEncoding, ReadsOtherEncodings) {
  EXPECT_EQ(DecodeText("caf\xE9 \xA4", "latin-1", "a.txt"), "café ¤");
  EXPECT_EQ(DecodeText("caf\xE9 \xA4", "ISO-8859-15", "a.txt"), "café €");
  EXPECT_EQ(DecodeText("\x93 5 \x80 \x94", "windows-1252", "a.txt"), "“ 5 € ”");
  EXPECT_EQ(DecodeText("\xFA\xD8\xC9", "koi8-r", "a.txt"), "Зьи");
  EXPECT_EQ(DecodeText(std::string("\xFF\xFEh\0i\0\xE5\x65", 8), "utf-16", "a.txt"), "hi日");
  EXPECT_EQ(DecodeText(std::string("\0h\0i\x65\xE5", 6), "UTF-16BE", "a.txt"), "hi日");
  EXPECT_EQ(DecodeText("\x93\xFA\x96\x7B", "shift_jis", "a.txt"), "日本");
}

// These hold a letter back until they know that no accent follows it.
TEST(TextEncoding, KeepsTheLastCharacterOfStatefulEncodings) {
  for (const char* encoding : {"windows-1258", "tcvn"}) {
    EXPECT_EQ(DecodeText("abc", encoding, "a.txt"), "abc") << encoding;
    EXPECT_EQ(DecodeText("a", encoding, "a.txt"), "a") << encoding;
    EXPECT_EQ(DecodeText("", encoding, "a.txt"), "") << encoding;
  }
  EXPECT_EQ(DecodeText("Vi\xEA\xF2t Nam a\xCC", "windows-1258", "a.txt"), "Việt Nam à");
  EXPECT_EQ(DecodeText(std::string(100'000, 'a'), "windows-1258", "a.txt"), std::string(100'000, 'a'));
  EXPECT_EQ(DecodeText("\x1B$BF|K\\", "iso-2022-jp", "a.txt"), "日本");
}

TEST(TextEncoding, LeavesOutTheByteOrderMarkOnly) {
  EXPECT_EQ(DecodeText("\xEF\xBB\xBFtext", "utf-8", "a.txt"), "text");
  EXPECT_EQ(DecodeText("\xEF\xBB\xBFtext", "UTF_8_sig", "a.txt"), "text");
  EXPECT_EQ(DecodeText(std::string("\xFF\xFEh\0", 4), "utf-16-le", "a.txt"), "h");
  EXPECT_EQ(DecodeText("a\xEF\xBB\xBF", "utf-8", "a.txt"), "a\xEF\xBB\xBF");
}

TEST(TextEncoding, NamesTheFirstByteThatAnotherEncodingLacks) {
  EXPECT_THAT(DecodingErrorOf("a\nb\x81", "windows-1252"),
              StartsWith("a.txt: byte 0x81 at offset 3, line 2 is not windows-1252; "));
  EXPECT_THAT(DecodingErrorOf("ab\xE9", "ascii"),
              StartsWith("a.txt: byte 0xE9 at offset 2, line 1 is not ascii; "));
  EXPECT_THAT(DecodingErrorOf(std::string("\xFF\xFEh\0i", 5), "utf-16"),
              StartsWith("a.txt: byte 0x69 at offset 4, line 1 is not utf-16; "));
}

TEST(TextEncoding, KnowsItsNames) {
  for (const char* name : {"utf-8", "UTF8", "utf-8-sig", "latin-1", "latin1", "iso-8859-1", "windows-1252",
                           "cp1252", "utf-16", "utf_16", "gb18030", "ascii"}) {
    EXPECT_TRUE(IsKnownEncoding(name)) << name;
  }
  for (const char* name : {"", "utf-9", "latin", "utf-8//IGNORE", "latin1//TRANSLIT"}) {
    EXPECT_FALSE(IsKnownEncoding(name)) << name;
  }
  EXPECT_THAT(DecodingErrorOf("a", "utf-9"), HasSubstr("'utf-9' is no encoding that iconv knows"));
}

}  // namespace text_encoding_test
}  // namespace plelab
