#include "harness/support/message.h"

#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "model/base/error.h"

namespace plelab {
namespace message_test {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

int64_t Characters(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

TEST(Message, TextThatATerminalShowsStaysAsItIs) {
  const std::string text = "résumé · 東京 🎉: expected 'x', found \"y\\n\"";
  EXPECT_EQ(Printable(text), text);
}

TEST(Message, ControlCharactersAreWrittenOut) {
  EXPECT_EQ(Printable("a\x1b[31mred\x07\n\tb\x7f"), "a\\x1b[31mred\\x07\\n\\tb\\x7f");
  EXPECT_EQ(Printable(std::string_view("\0x", 2)), "\\x00x");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "31m"),
            "\\u{9b}31m")
      << "a control sequence in one character";
  EXPECT_EQ(Printable("\xE2\x80\xAEtxt.exe"), "\\u{202e}txt.exe") << "turns the direction of writing";
}

TEST(Message, BytesThatAreNotUtf8AreWrittenOut) {
  EXPECT_EQ(Printable("\xFF\xC0\x80"), "\\xff\\xc0\\x80");
  EXPECT_EQ(Printable("a\xE6\x9D"), "a\\xe6\\x9d") << "a character that is cut off";
  EXPECT_EQ(Printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "half of a surrogate pair";
}

TEST(Message, OnlyATextOfLinesKeepsItsLineBreaks) {
  EXPECT_EQ(PrintableLines("a\nb\x1b"), "a\nb\\x1b");
  EXPECT_EQ(Printable("a\nb"), "a\\nb");
}

TEST(Message, ALongMessageLosesItsMiddle) {
  std::string names;
  for (int i = 0; i < 4000; ++i) names += "東";
  const std::string line = ErrorLine("start " + names + " end");
  EXPECT_LE(Characters(line), 2000);
  EXPECT_GT(Characters(line), 1900);
  EXPECT_THAT(line,
              AllOf(StartsWith("start 東"), EndsWith("東 end"), HasSubstr("characters are left out here")));
  EXPECT_THAT(line, Not(HasSubstr("\\x"))) << "no character is split";
  const std::string just = std::string(2000, 'x');
  EXPECT_EQ(ErrorLine(just), just);
}

TEST(Message, TorchsErrorsComeWithoutTheirBacktrace) {
  std::string message;
  try {
    TORCH_CHECK(false, "the first line\nthe second");
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("Exception raised from"));
    message = MessageOf(error);
  }
  EXPECT_EQ(message, "LibTorch: the first line the second");
}

TEST(Message, WhereMemoryRanOutItSaysWhatToDo) {
  EXPECT_THAT(MessageOf(std::bad_alloc()), AllOf(HasSubstr("memory ran out"), HasSubstr("smaller dtype")));
  std::string message;
  try {
    TORCH_CHECK(false, "DefaultCPUAllocator: not enough memory: you tried to allocate 5 bytes.");
  } catch (const std::exception& error) {
    message = MessageOf(error);
  }
  EXPECT_THAT(message, AllOf(StartsWith("memory ran out"), HasSubstr("you tried to allocate 5 bytes")));
  EXPECT_EQ(MessageOf(std::runtime_error("as it is")), "as it is");
}

TEST(Message, APathThatTheSystemRefusesIsTheUsersMistake) {
  const std::string name(5000, 'x');
  try {
    static_cast<void>(std::filesystem::is_directory(name));
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_EQ(MessageOf(error), name + ": File name too long");
    EXPECT_TRUE(IsMistake(error));
  }
  const std::filesystem::filesystem_error full("copy", "x",
                                               std::make_error_code(std::errc::no_space_on_device));
  EXPECT_FALSE(IsMistake(full));
  EXPECT_TRUE(IsMistake(UserError("x")));
  EXPECT_FALSE(IsMistake(RunError("x")));
}

}  // namespace message_test
}  // namespace plelab
