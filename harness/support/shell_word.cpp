#include "harness/support/shell_word.h"

#include <algorithm>
#include <string_view>

#include "model/base/format.h"

namespace plelab {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool IsSafe(char c) {
  constexpr std::string_view kSafe = "@%+=:,./-_";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kSafe.find(c) != kSafe.npos;
}

// Bash, zsh and POSIX 2024: backslashes work inside.
std::string WithEscapes(const std::string& word) {
  std::string quoted = "$'";
  for (const char c : word) {
    if (IsControl(c)) {
      quoted += Format("\\{:03o}", static_cast<int>(c));
    } else {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace

std::string ShellWord(const std::string& word) {
  if (!word.empty() && std::ranges::all_of(word, IsSafe)) return word;
  if (std::ranges::any_of(word, IsControl)) return WithEscapes(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace plelab
