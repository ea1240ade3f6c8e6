#include "harness/support/shell_word.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace plelab {
namespace shell_word_test {

// What a shell makes of the word: the arguments that a program would see, each in brackets.
std::string Seen(const std::string& word) {
  const std::string command = "bash -c 'printf \"[%s]\" \"$@\"' bash " + ShellWord(word);
  std::FILE* pipe = ::popen(("exec " + command).c_str(), "r");
  std::string seen;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) seen += static_cast<char>(c);
  ::pclose(pipe);
  return seen;
}

TEST(ShellWord, PlainPathsStayAsTheyAre) {
  for (const std::string word : {"results/ple_2026-11-28.h5", "design.reps=2", "a+b,c:d@e%f"})
    EXPECT_EQ(ShellWord(word), word);
  EXPECT_EQ(ShellWord("a b.h5"), "'a b.h5'");
  EXPECT_EQ(ShellWord("it's"), R"('it'\''s')");
}

TEST(ShellWord, AShellReadsTheWordBack) {
  for (const std::string word :
       {"a b.h5", "it's \"x\"", "$HOME/`id`;&|<>()*?[]{}~#!", "", "-x", "naïve/漢字.h5", "back\\slash"}) {
    EXPECT_EQ(Seen(word), "[" + word + "]") << word;
  }
}

TEST(ShellWord, ControlCharactersStayOnOneLine) {
  const std::string word = "a\nb\t'c'\x1B[0m\\";
  EXPECT_EQ(ShellWord(word), R"($'a\012b\011\'c\'\033[0m\\')");
}

}  // namespace shell_word_test
}  // namespace plelab
