#include "model/tokens/utf8_stream.h"

#include <cstdint>

namespace plelab {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

enum class Shape { kWhole, kIncomplete, kInvalid };

struct Character {
  Shape shape;
  size_t length;  // of a whole character
};

// The first character of non-empty `text`, by table 3-7 of the Unicode standard (no overlong forms, no
// surrogates, nothing past U+10FFFF).
Character FirstCharacter(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {Shape::kWhole, 1};
  if (lead < 0xC2 || lead > 0xF4) return {Shape::kInvalid, 0};
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Shape::kIncomplete, 0};
    uint8_t low = 0x80, high = 0xBF;
    if (i == 1) {
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    if (byte(i) < low || byte(i) > high) return {Shape::kInvalid, 0};
  }
  return {Shape::kWhole, length};
}

}  // namespace

size_t ValidUtf8Bytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Character next = FirstCharacter(text.substr(at));
    if (next.shape != Shape::kWhole) break;
    at += next.length;
  }
  return at;
}

std::string Utf8Stream::Push(std::string_view bytes) {
  held_ += bytes;
  std::string whole;
  size_t at = 0;
  while (at < held_.size()) {
    const Character next = FirstCharacter(std::string_view(held_).substr(at));
    if (next.shape == Shape::kIncomplete) break;
    if (next.shape == Shape::kWhole) {
      whole.append(held_, at, next.length);
      at += next.length;
    } else {
      whole += kReplacement;
      at += 1;
    }
  }
  held_.erase(0, at);
  return whole;
}

std::string Utf8Stream::Finish() {
  std::string text;
  for (size_t i = 0; i < held_.size(); ++i) text += kReplacement;
  held_.clear();
  return text;
}

}  // namespace plelab
