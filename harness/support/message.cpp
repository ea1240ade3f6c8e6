#include "harness/support/message.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <new>

#include "model/base/error.h"

// plelab-replay is built from this source too, without LibTorch.
#if __has_include(<c10/util/Exception.h>)
#include <c10/util/Exception.h>
#define PLELAB_HAS_TORCH_ERRORS
#endif

namespace plelab {
namespace {

constexpr char kMoreMemory[] =
    "memory ran out; use a smaller dtype, fewer tokens or variants, or a machine with more memory";

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: not UTF-8
};

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The first character of `text`, which is not empty (RFC 3629).
Character First(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  uint32_t code = lead & (0x7FU >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if (!Continues(text[i])) return {};
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool valid = code >= kLeast[bytes] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  return valid ? Character{code, bytes} : Character{};
}

bool ActsOnATerminal(uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool breaks_line = code == 0x2028 || code == 0x2029;
  const bool turns = code == 0x061C || code == 0x200E || code == 0x200F ||  // marks, embeddings, isolates
                     (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return control || breaks_line || turns;
}

std::string Escaped(uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  return code < 0x80 ? Format("\\x{:02x}", code) : Format("\\u{{{:x}}}", code);
}

std::string Show(std::string_view text, bool keep_lines) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const Character character = First(text);
    const size_t bytes = std::max<size_t>(character.bytes, 1);
    if (character.bytes == 0) {
      shown += Format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (ActsOnATerminal(character.code) && !(keep_lines && character.code == '\n')) {
      shown += Escaped(character.code);
    } else {
      shown += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return shown;
}

// The offset of the character with this number in valid UTF-8.
size_t OffsetOf(std::string_view text, size_t number) {
  size_t at = 0;
  for (; number > 0; --number) {
    do ++at;
    while (Continues(text[at]));
  }
  return at;
}

// torch's messages may have several lines.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c != '\n')
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

[[maybe_unused]] std::string TorchMessage(std::string_view text) {
  const std::string line = OneLine(text);
  const bool memory =
      line.find("not enough memory") != std::string::npos || line.find("out of memory") != std::string::npos;
  return memory ? Format("{} ({})", kMoreMemory, line) : "LibTorch: " + line;
}

}  // namespace

std::string Printable(std::string_view text) { return Show(text, /*keep_lines=*/false); }
std::string PrintableLines(std::string_view text) { return Show(text, /*keep_lines=*/true); }

std::string ErrorLine(std::string_view message) {
  const std::string text = Printable(message);
  const auto characters =
      static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !Continues(c); }));
  if (characters <= kMostMessageCharacters) return text;
  constexpr size_t kTail = 600, kNote = 60;
  constexpr size_t kHead = kMostMessageCharacters - kTail - kNote;
  return Format("{} … ({} characters are left out here) … {}", text.substr(0, OffsetOf(text, kHead)),
                characters - kHead - kTail, text.substr(OffsetOf(text, characters - kTail)));
}

std::string MessageOf(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return kMoreMemory;
  if (const auto* const file = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return Format("{}: {}", file->path1().string(), file->code().message());
  }
#ifdef PLELAB_HAS_TORCH_ERRORS
  if (const auto* const torch = dynamic_cast<const c10::Error*>(&error)) {
    return TorchMessage(torch->what_without_backtrace());
  }
#endif
  return error.what();
}

bool IsMistake(const std::exception& error) {
  if (dynamic_cast<const UserError*>(&error) != nullptr) return true;
  const auto* const file = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
  if (file == nullptr) return false;
  constexpr std::errc kMistakes[] = {std::errc::filename_too_long, std::errc::too_many_symbolic_link_levels,
                                     std::errc::permission_denied, std::errc::no_such_file_or_directory,
                                     std::errc::not_a_directory,   std::errc::is_a_directory,
                                     std::errc::file_exists,       std::errc::read_only_file_system};
  return std::ranges::any_of(kMistakes, [&](std::errc mistake) { return file->code() == mistake; });
}

}  // namespace plelab
