#include "model/jinja/jinja_value.h"

#include <algorithm>
#include <array>
#include <optional>

#include "model/base/format.h"

namespace plelab {
namespace {

// What str.isspace() is true for: Unicode's characters of bidirectional type WS, B or S and of category Zs.
// None is a part of another character's UTF-8, so comparing bytes finds them.
constexpr std::array<std::string_view, 29> kSpaces = {
    "\t",     "\n",     "\v",     "\f",     "\r",     "\x1C",   "\x1D",   "\x1E",   "\x1F",   " ",
    "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};

// The space that `text` begins with (or ends with), or nothing.
template <class Touches>
std::string_view SpaceAt(Touches touches) {
  const auto found = std::ranges::find_if(kSpaces, touches);
  return found == kSpaces.end() ? std::string_view() : *found;
}

// Python's bool is a number: True == 1.
std::optional<int64_t> NumberOf(const JinjaValue& value) {
  if (const bool* truth = value.As<bool>()) return *truth ? 1 : 0;
  if (const int64_t* number = value.As<int64_t>()) return *number;
  return std::nullopt;
}

}  // namespace

bool IsTrue(const JinjaValue& value) {
  if (const bool* truth = value.As<bool>()) return *truth;
  if (const int64_t* number = value.As<int64_t>()) return *number != 0;
  if (const std::string* text = value.As<std::string>()) return !text->empty();
  if (const JinjaList* list = value.As<JinjaList>()) return !list->empty();
  if (const JinjaMap* map = value.As<JinjaMap>()) return !map->empty();
  return false;
}

bool AreEqual(const JinjaValue& a, const JinjaValue& b) {
  if (const auto left = NumberOf(a), right = NumberOf(b); left && right) return *left == *right;
  if (a.data.index() != b.data.index()) return false;
  if (const std::string* text = a.As<std::string>()) return *text == *b.As<std::string>();
  if (const JinjaList* list = a.As<JinjaList>())
    return std::ranges::equal(*list, *b.As<JinjaList>(), AreEqual);
  if (const JinjaMap* map = a.As<JinjaMap>()) {
    return std::ranges::equal(*map, *b.As<JinjaMap>(), [](const auto& x, const auto& y) {
      return x.first == y.first && AreEqual(x.second, y.second);
    });
  }
  return true;
}

std::string TextOf(const JinjaValue& value) {
  if (const std::string* text = value.As<std::string>()) return *text;
  if (const int64_t* number = value.As<int64_t>()) return Format("{}", *number);
  if (const bool* truth = value.As<bool>()) return *truth ? "True" : "False";
  if (value.As<JinjaNone>()) return "None";
  if (value.As<std::monostate>()) return "";
  throw JinjaUnsupported("a list or a map that is shown as text");
}

JinjaValue ItemOf(const JinjaValue& value, const JinjaValue& key) {
  if (value.As<std::monostate>()) throw JinjaUnsupported("an item of an undefined value");
  const std::string* name = key.As<std::string>();
  if (const JinjaMap* map = value.As<JinjaMap>(); map && name) {
    const auto found = map->find(*name);
    return found == map->end() ? JinjaValue() : found->second;
  }
  const int64_t* index = key.As<int64_t>();
  if (const JinjaList* list = value.As<JinjaList>(); list && index) {
    const int64_t at = *index < 0 ? *index + std::ssize(*list) : *index;
    return at < 0 || at >= std::ssize(*list) ? JinjaValue() : (*list)[static_cast<size_t>(at)];
  }
  if (value.As<std::string>() && index) throw JinjaUnsupported("an index into a text");
  return {};
}

int64_t LengthOf(const JinjaValue& value) {
  if (const JinjaList* list = value.As<JinjaList>()) return std::ssize(*list);
  if (const JinjaMap* map = value.As<JinjaMap>()) return std::ssize(*map);
  if (const std::string* text = value.As<std::string>()) {
    return std::ranges::count_if(*text,
                                 [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  }
  throw JinjaUnsupported("the length of a value that has none");
}

std::string_view Stripped(std::string_view text, bool left, bool right) {
  while (left) {
    const auto space = SpaceAt([&](std::string_view s) { return text.starts_with(s); });
    if (space.empty()) break;
    text.remove_prefix(space.size());
  }
  while (right) {
    const auto space = SpaceAt([&](std::string_view s) { return text.ends_with(s); });
    if (space.empty()) break;
    text.remove_suffix(space.size());
  }
  return text;
}

}  // namespace plelab
